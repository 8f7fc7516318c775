/* schedule_notice.c - see schedule_notice.h.
 *
 * A bounce goes to the sender from <>.  What has no sender is told to the
 * postmaster (notify_classes = 2bounce) from the double-bounce address, and
 * what comes from there and cannot be delivered is dropped: no notice is ever
 * answered by another one without end. */
#include "queue/schedule_notice.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "queue/dsn.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"
#include "queue/store_reader.h"
#include "queue/verp.h"
#include "rules/utf8_class.h"

enum {
	APART_MOST = 50, /* told of one by one, in one change */
	MOST_NOTICES = 2 * APART_MOST + 3, /* with copies; beside them, a report
					    * and a warning with its copy */
};
#define ALL_RECIPIENTS SIZE_MAX

/* What of the message that a notice is about goes into it. */
struct original {
	struct arena *arena;
	struct envelope e;
	struct buf body;
	bool whole; /* it is small enough to be returned */
	bool eight_bit;
};

static bool
has_class(struct schedule *s, const char *class)
{
	struct arena *arena = arena_new();
	const char *cursor = s->params.notify_classes, *word;
	bool found = false;

	while (!found && (word = conf_word(&cursor, arena)) != NULL)
		found = strcasecmp(word, class) == 0;
	arena_free(arena);
	return found;
}

static bool
is_eight_bit(const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)data[i] > 127)
			return true;
	return false;
}

/* Read ${a} from the store.  If that fails the notice goes without it. */
static void
read_original(struct schedule *s, const struct active *a, struct original *o)
{
	int64_t limit = s->params.bounce_size_limit;
	bool looked_at = schedule_look_wanted(s);
	struct err err;

	*o = (struct original){ .arena = arena_new() };
	if (store_reader_envelope(s->reader, a->key, o->arena, &o->e, &err) <=
	    0) {
		o->e = (struct envelope){ .headers = "" };
		return;
	}
	o->whole = a->e.ret != 'H' &&
	    (limit == 0 || a->e.size <= (uint64_t)limit) &&
	    (!looked_at || a->e.size <= SCHEDULE_LOOK_MOST);
	buf_put(&o->body, o->e.body, o->whole ? o->e.nbody : 0);
	for (uint64_t i = 0; o->whole && i < o->e.nchunks; i++)
		if (store_reader_chunk(s->reader, a->key, i, &o->body, &err) <=
		    0)
			o->whole = false;
	o->eight_bit = is_eight_bit(o->e.headers, o->e.nheaders) ||
	    (o->whole && is_eight_bit(o->body.data, o->body.len));
}

static void
free_original(struct original *o)
{
	buf_free(&o->body);
	arena_free(o->arena);
}

/* Is a recipient with that ${outcome} named in a notice of ${kind}? */
static bool
concerns(enum dsn_kind kind, unsigned char outcome, unsigned notify)
{
	switch (kind) {
	case DSN_TRACE:
		return outcome != ACTIVE_NOTHING;
	case DSN_SUCCESS:
		return outcome == ACTIVE_DELIVERED ||
		    outcome == ACTIVE_RELAYED || outcome == ACTIVE_EXPANDED;
	case DSN_DELAY:
	case DSN_COPY_DELAY:
		return outcome == ACTIVE_DEFERRED &&
		    (notify == 0 || (notify & ENVELOPE_NOTIFY_DELAY) != 0);
	case DSN_FAILURE:
	case DSN_COPY:
	case DSN_DOUBLE:
		break;
	}
	return outcome == ACTIVE_BOUNCED &&
	    (notify == 0 || (notify & ENVELOPE_NOTIFY_FAILURE) != 0);
}

/* Of a trace. */
static const char *
action_of(const struct active *a, unsigned char outcome)
{
	bool verify = a->e.trace == ENVELOPE_TRACE_VERIFY;

	switch (outcome) {
	case ACTIVE_DEFERRED:
		return "delayed";
	case ACTIVE_BOUNCED:
		return verify ? "undeliverable" : "failed";
	case ACTIVE_EXPANDED:
		return "expanded";
	case ACTIVE_RELAYED:
		return verify ? "deliverable" : "relayed";
	default:
		return verify ? "deliverable" : "delivered";
	}
}

/* What a notice is to say. */
struct subject {
	enum dsn_kind kind;
	const char *to;
	size_t only; /* of that recipient, or ALL_RECIPIENTS */
};

/* The recipients that a notice names, in ${arena}. */
static size_t
select_rcpts(const struct active *a, const struct subject *subject,
    struct arena *arena, struct dsn_rcpt **rcpts)
{
	bool all = subject->only == ALL_RECIPIENTS;
	size_t end = all ? a->e.nrcpts : subject->only + 1;
	size_t n = 0;

	*rcpts = arena_alloc(arena, (all ? end : 1) * sizeof **rcpts);
	for (size_t i = all ? 0 : subject->only; i < end; i++) {
		const struct envelope_rcpt *r = &a->e.rcpts[i];

		if (!concerns(subject->kind, a->outcomes[i], r->notify))
			continue;
		(*rcpts)[n++] = (struct dsn_rcpt){ .address = r->address,
			.original = r->original,
			.orcpt = r->orcpt,
			.dsn = r->dsn,
			.reason = r->reason,
			.remote = r->remote,
			.diagnostic = r->diagnostic,
			.relayed = a->outcomes[i] == ACTIVE_RELAYED,
			.expanded = a->outcomes[i] == ACTIVE_EXPANDED,
			.action = action_of(a, a->outcomes[i]) };
	}
	return n;
}

static char *
double_bounce_address(const struct schedule *s, struct arena *arena)
{
	return arena_printf(
	    arena, "%s@%s", s->params.double_bounce_sender, s->myhostname);
}

/* Print the envelope of ${notice} for the store. */
static void
set_record(struct schedule_notice *notice)
{
	buf_reset(&notice->op.data);
	memcpy(notice->op.qid, notice->e.qid, sizeof notice->op.qid);
	envelope_print(&notice->e, &notice->op.data);
}

static void
set_qid(struct schedule *s, struct schedule_notice *notice)
{
	/* The number need only differ within a microsecond. */
	envelope_qid(clock_now(), notice->op.key & 0xffffff, s->long_qids,
	    notice->e.qid);
}

void
schedule_notice_rename(struct schedule *s, struct schedule_notice *notice)
{
	struct buf record = notice->op.data;
	struct envelope e;

	/* Its text is nowhere else. */
	must(envelope_parse(record.data, record.len, notice->arena, &e));
	notice->op.data = (struct buf){ 0 };
	notice->e.headers = e.headers;
	notice->e.body = e.body;
	set_qid(s, notice);
	set_record(notice);
	notice->e.headers = notice->e.body = NULL;
	buf_free(&record);
}

static bool
to_postmaster(enum dsn_kind kind)
{
	return kind == DSN_COPY || kind == DSN_COPY_DELAY || kind == DSN_DOUBLE;
}

/* The envelope around what ${dsn} says. */
static void
finish(struct schedule *s, struct schedule_notice *notice, struct dsn *dsn)
{
	struct arena *arena = notice->arena;
	struct envelope_rcpt *rcpt = arena_alloc(arena, sizeof *rcpt);
	struct buf headers = { 0 }, body = { 0 }, id = { 0 };

	*rcpt = (struct envelope_rcpt){ .address = arena_strdup(arena, dsn->to),
		.original = "",
		.orcpt = "",
		.transport = "",
		.nexthop = "",
		.dsn = "",
		.reason = "",
		.remote = "",
		.diagnostic = "" };
	set_qid(s, notice);
	dsn->qid = notice->e.qid;
	dsn_build(dsn, &headers, &body);
	dsn_message_id(dsn, &id);
	notice->e.arrival = dsn->now;
	notice->e.sender =
	    to_postmaster(dsn->kind) ? double_bounce_address(s, arena) : "";
	notice->e.envid = notice->e.filter = "";
	notice->e.client_name = notice->e.client_addr = notice->e.client_port =
	    notice->e.helo = notice->e.protocol = notice->e.sasl_method =
		notice->e.sasl_username = notice->e.ident = "";
	notice->e.utf8 = dsn->utf8 ||
	    (s->detects_utf8 && utf8_class_wants(headers.data, headers.len));
	/* As its headers say. */
	notice->e.eight_bit =
	    dsn->eight_bit || strcasecmp(dsn->charset, "us-ascii") != 0;
	notice->e.is_bounce = true;
	notice->e.unseen = schedule_look_wanted(s);
	notice->e.message_id = arena_strdup(arena, buf_str(&id));
	notice->e.rcpts = rcpt;
	notice->e.nrcpts = 1;
	notice->e.size = headers.len + body.len;
	notice->e.headers = headers.data;
	notice->e.nheaders = headers.len;
	notice->e.body = body.data;
	notice->e.nbody = body.len;
	set_record(notice);
	notice->e.headers = notice->e.body = NULL;
	buf_free(&headers);
	buf_free(&body);
	buf_free(&id);
}

/* In which words. */
static void
set_words(const struct schedule *s, struct dsn *dsn)
{
	enum bounce_template_kind kind = dsn->kind == DSN_SUCCESS
	    ? BOUNCE_TEMPLATE_SUCCESS
	    : dsn->kind == DSN_TRACE ? BOUNCE_TEMPLATE_VERIFY
	    : dsn->kind == DSN_DELAY || dsn->kind == DSN_COPY_DELAY
	    ? BOUNCE_TEMPLATE_DELAY
	    : BOUNCE_TEMPLATE_FAILURE;
	const struct bounce_template *words = &s->words[kind];

	dsn->from = words->from;
	dsn->subject = words->subject;
	dsn->charset = words->charset;
	dsn->text = words->text;
	/* The postmaster is not who it is meant for. */
	if (to_postmaster(dsn->kind)) {
		dsn->subject = words->copy_subject;
		dsn->text = NULL;
	}
}

/* Write one notice.  False: it would name nobody. */
static bool
make(struct schedule *s, struct active *a, const struct original *o,
    const struct subject *subject, struct schedule_notice *notice)
{
	bool whole = o->whole &&
	    (subject->kind == DSN_FAILURE || subject->kind == DSN_DOUBLE);
	struct dsn_rcpt *rcpts;
	struct dsn dsn = { .kind = subject->kind,
		.now = clock_now(),
		.to = subject->to,
		.myhostname = s->myhostname,
		.myorigin = s->myorigin,
		.mail_name = s->mail_name,
		.about = a->e.qid,
		.sender = a->e.sender,
		.envid = a->e.envid,
		.thread =
		    s->params.enable_threaded_bounces ? a->e.message_id : NULL,
		.arrival = a->e.arrival,
		.retry_until = a->e.arrival + s->params.maximal_queue_lifetime,
		.utf8 = a->e.utf8,
		.headers = o->e.headers,
		.nheaders = o->e.nheaders,
		.body = o->body.data,
		.nbody = o->body.len,
		.headers_only = !whole,
		.eight_bit = o->eight_bit };

	*notice = (struct schedule_notice){ .arena = arena_new() };
	set_words(s, &dsn);
	dsn.nrcpts = select_rcpts(a, subject, notice->arena, &rcpts);
	if (dsn.nrcpts == 0) {
		arena_free(notice->arena);
		return false;
	}
	dsn.rcpts = rcpts;
	notice->kind = subject->kind;
	notice->op.kind = STORE_NEW;
	notice->op.key = store_key(s->store);
	notice->op.place =
	    (struct store_place){ STORE_INCOMING, 0, notice->op.key };
	finish(s, notice, &dsn);
	return true;
}

static void
discard(const struct active *a, const char *text)
{
	struct event_by by = { .program = "bounce" };

	event(&queue_events_undeliverable, &by, "message", a->e.qid, "text",
	    text, NULL);
}

/* It came from us to the postmaster, who cannot be reached. */
static bool
is_double(const struct schedule *s, const struct active *a)
{
	size_t n = strlen(s->params.double_bounce_sender);

	return strncasecmp(a->e.sender, s->params.double_bounce_sender, n) ==
	    0 &&
	    (a->e.sender[n] == '\0' ||
		(a->e.sender[n] == '@' &&
		    strcasecmp(a->e.sender + n + 1, s->myhostname) == 0));
}

/* To the sender, and a copy to the postmaster. */
static size_t
tell(struct schedule *s, struct active *a, const struct original *o,
    const struct subject *subject, struct schedule_notice *notices)
{
	bool late = subject->kind == DSN_DELAY;
	struct subject copy = *subject;
	size_t n = make(s, a, o, subject, &notices[0]);

	copy.kind = late ? DSN_COPY_DELAY : DSN_COPY;
	copy.to = late ? s->params.delay_notice_recipient
		       : s->params.bounce_notice_recipient;
	if (has_class(s, late ? "delay" : "bounce"))
		n += make(s, a, o, &copy, &notices[n]);
	return n;
}

bool
schedule_notice_apart(const struct schedule *s, const struct active *a)
{
	return envelope_has_verp(&a->e) &&
	    a->e.trace != ENVELOPE_TRACE_VERIFY &&
	    !s->params.disable_verp_bounces && !is_double(s, a);
}

/* One notice for each recipient, to a sender of its own. */
static size_t
tell_apart(struct schedule *s, struct active *a, const struct original *o,
    struct schedule_notice *notices)
{
	struct arena *arena = arena_new();
	size_t n = 0, count = 0;

	for (size_t i = 0; i < a->e.nrcpts && count < APART_MOST; i++) {
		const struct envelope_rcpt *r = &a->e.rcpts[i];
		struct subject subject = { .kind = DSN_FAILURE, .only = i };

		if (a->outcomes[i] != ACTIVE_BOUNCED)
			continue;
		subject.to = verp_address(arena, a->e.verp, a->e.sender,
		    r->original[0] != '\0' ? r->original : r->address);
		n += tell(s, a, o, &subject, notices + n);
		a->outcomes[i] = ACTIVE_TOLD;
		count++;
	}
	arena_free(arena);
	return n;
}

static size_t
about_failure(struct schedule *s, struct active *a, const struct original *o,
    struct schedule_notice *notices)
{
	struct subject subject = { .only = ALL_RECIPIENTS };

	if (is_double(s, a)) {
		discard(a, "undeliverable postmaster notification discarded");
		return 0;
	}
	if (schedule_notice_apart(s, a))
		return tell_apart(s, a, o, notices);
	if (a->e.sender[0] != '\0') {
		subject.kind = DSN_FAILURE;
		subject.to = a->e.sender;
		return tell(s, a, o, &subject, notices);
	}
	if (!has_class(s, "2bounce")) {
		discard(a, "undeliverable bounce message discarded");
		return 0;
	}
	subject.kind = DSN_DOUBLE;
	subject.to = s->params.notice_2bounce;
	return make(s, a, o, &subject, notices);
}

/* What was asked for beside the message: a report of all, or nothing but it. */
static size_t
about_trace(struct schedule *s, struct active *a, const struct original *o,
    struct schedule_notice *notices)
{
	const struct subject subject = {
		.kind = DSN_TRACE, .to = a->e.sender, .only = ALL_RECIPIENTS
	};
	struct event_by by = { .program = "bounce", .qid = a->e.qid };

	if (a->e.sender[0] != '\0' && !is_double(s, a))
		return make(s, a, o, &subject, notices);
	event(&queue_events_untraced, &by, "what",
	    a->e.sender[0] == '\0' ? "single" : "double", NULL);
	return 0;
}

static size_t
about_delay(struct schedule *s, struct active *a, const struct original *o,
    struct schedule_notice *notices)
{
	const struct subject subject = {
		.kind = DSN_DELAY, .to = a->e.sender, .only = ALL_RECIPIENTS
	};

	if (a->e.sender[0] == '\0' || is_double(s, a))
		return 0;
	return tell(s, a, o, &subject, notices);
}

size_t
schedule_notice_make(struct schedule *s, struct active *a, bool late,
    struct schedule_notice **notices)
{
	const struct subject success = {
		.kind = DSN_SUCCESS, .to = a->e.sender, .only = ALL_RECIPIENTS
	};
	bool bounced = false, report = false;
	bool trace = a->e.trace != ENVELOPE_TRACE_NONE;
	struct schedule_notice *list;
	struct original o;
	size_t n = 0;

	*notices = NULL;
	for (size_t i = 0; i < a->e.nrcpts; i++) {
		bounced |= a->outcomes[i] == ACTIVE_BOUNCED;
		report |=
		    concerns(DSN_SUCCESS, a->outcomes[i], a->e.rcpts[i].notify);
	}
	if (a->e.trace == ENVELOPE_TRACE_VERIFY)
		bounced = false;
	if (!bounced && !report && !late && !trace)
		return 0;
	list = calloc(MOST_NOTICES, sizeof *list);
	if (list == NULL)
		fatal("out of memory");
	read_original(s, a, &o);
	if (bounced)
		n += about_failure(s, a, &o, list);
	if (trace)
		n += about_trace(s, a, &o, &list[n]);
	else if (report)
		n += make(s, a, &o, &success, &list[n]);
	if (late)
		n += about_delay(s, a, &o, list + n);
	free_original(&o);
	*notices = list;
	return n;
}

void
schedule_notice_free(struct schedule_notice *notice)
{
	buf_free(&notice->op.data);
	arena_free(notice->arena);
}

void
schedule_notice_log(
    const struct active *a, const struct schedule_notice *notice)
{
	static struct event_type *const types[] = {
		[DSN_FAILURE] = &queue_events_bounce,
		[DSN_DELAY] = &queue_events_warned,
		[DSN_SUCCESS] = &queue_events_report,
		[DSN_TRACE] = &queue_events_report,
		[DSN_COPY] = &queue_events_postmaster,
		[DSN_COPY_DELAY] = &queue_events_postmaster_warned,
		[DSN_DOUBLE] = &queue_events_postmaster,
	};
	struct event_by bounce = { .program = "bounce", .qid = a->e.qid };
	struct event_by cleanup = { .program = "cleanup",
		.qid = notice->e.qid };

	event(&queue_events_message_id, &cleanup, "message_id",
	    notice->e.message_id, NULL);
	event(types[notice->kind], &bounce, "notice", notice->e.qid, NULL);
}

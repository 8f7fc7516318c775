/* content_checks.c - see content_checks.h.  The parser of mime.c sees the whole
 * message; what it emits is looked up and passed on. */
#include "checks/content_checks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/body_lines.h"
#include "checks/checks_params.h"
#include "checks/content_action.h"
#include "checks/content_out.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "checks/mime.h"
#include "checks/subject.h"
#include "rules/table.h"
#include "rules/world.h"

enum { LISTS = CONTENT_BODY + 1 };

struct content_checks {
	struct arena *arena;
	struct table_list *lists[LISTS]; /* NULL: empty */
	struct mime_options options;
	size_t body_size; /* octets of a segment to look at; 0: all */
	bool sending;     /* those of smtp_header_checks, or lmtp_ */
};

struct checker {
	struct content_stage stage;
	const struct content_checks *checks;
	const struct subject *subject;
	struct mime *mime;
	struct arena *scratch;
	struct buf out;         /* of the body, until the end of a call */
	struct body_lines held; /* that go there, and must be looked at */
	bool separator_next;    /* the next line is the one that was put in
			      * between headers and body */
	bool ending;
	void (*watch)(void *arg, const struct content_seen *seen);
	void *watch_arg;
};

static void
add_error(
    struct err *all, const struct conf *conf, const char *name, struct err *one)
{
	err_add(one, "%s", name);
	conf_blame(conf, name, one);
	err_also(all, "%s", one->text);
}

static void
open_lists(struct content_checks *checks,
    const struct content_checks_list names[static LISTS], struct conf *conf,
    struct err *err)
{
	for (size_t i = 0; i < LISTS; i++) {
		struct err one = { "" };
		struct table_list *list = table_list_open_as(names[i].tables,
		    names[i].name, conf, TABLE_KEEP_CASE | TABLE_ANY_OCTETS,
		    checks->arena, &one);

		/* A default that is header_checks again has no news. */
		if (one.text[0] != '\0' &&
		    (i == 0 || strcmp(names[i].tables, names[0].tables) != 0))
			add_error(err, conf, names[i].name, &one);
		if (list->count > 0)
			checks->lists[i] = list;
	}
}

static unsigned
reports(const struct checks_params *p, bool lists)
{
	unsigned sum = 0;

	if (p->disable_mime_input_processing)
		return 0;
	if (p->strict_8bitmime || p->strict_7bit_headers)
		sum |= MIME_FAULT_8BIT_HEADER;
	if (p->strict_8bitmime || p->strict_8bitmime_body)
		sum |= MIME_FAULT_8BIT_BODY;
	if (p->strict_mime_encoding_domain)
		sum |= MIME_FAULT_ENCODING;
	if (sum != 0 || lists)
		sum |= MIME_FAULT_NESTING;
	return sum;
}

static bool
has_lists(const struct content_checks *checks)
{
	for (size_t i = 0; i < LISTS; i++)
		if (checks->lists[i] != NULL)
			return true;
	return false;
}

/* With the limits that all checks have. */
static struct content_checks *
begin(struct conf *conf, size_t header_size, size_t line_length,
    struct checks_params *params)
{
	struct content_checks *checks = calloc(1, sizeof *checks);

	if (checks == NULL)
		fatal("out of memory");
	checks->arena = arena_new();
	/* A mistake in them is told by who reads them first. */
	(void)param_load(
	    &checks_params_table, conf, checks->arena, params, NULL);
	checks->options = (struct mime_options){
		.header_size = header_size,
		.line_length = line_length,
		.boundary_length = (size_t)params->mime_boundary_length_limit,
		.nesting = (size_t)params->mime_nesting_limit,
	};
	return checks;
}

struct content_checks *
content_checks_open(
    struct conf *conf, size_t header_size, size_t line_length, struct err *err)
{
	struct checks_params params;
	struct content_checks *checks =
	    begin(conf, header_size, line_length, &params);
	const struct content_checks_list lists[LISTS] = {
		[CONTENT_HEADER] = { "header_checks", params.header_checks },
		[CONTENT_MIME] = { "mime_header_checks",
		    params.mime_header_checks },
		[CONTENT_NESTED] = { "nested_header_checks",
		    params.nested_header_checks },
		[CONTENT_BODY] = { "body_checks", params.body_checks },
	};

	open_lists(checks, lists, conf, err);
	checks->body_size = (size_t)params.body_checks_size_limit;
	checks->options.plain = params.disable_mime_input_processing;
	checks->options.convert = params.force_mime_input_conversion &&
	    !params.disable_mime_input_processing;
	checks->options.reports = reports(&params, has_lists(checks));
	return checks;
}

/* A parameter of those who take mail in, who say what is wrong with it. */
static size_t
limit_of(struct conf *conf, struct arena *arena, const char *name, size_t usual)
{
	const char *text = conf_get(conf, name, arena, NULL);
	size_t limit = text != NULL ? strtoul(text, NULL, 10) : 0;

	return limit > 0 ? limit : usual;
}

struct content_checks *
content_checks_open_sending(struct conf *conf, const char *agent,
    const struct content_checks_list lists[static LISTS], struct err *err)
{
	struct checks_params params;
	struct content_checks *checks = begin(conf, 0, 0, &params);
	struct content_checks_list named[LISTS];

	for (size_t i = 0; i < LISTS; i++)
		named[i] = (struct content_checks_list){
			arena_printf(
			    checks->arena, "%s_%s", agent, lists[i].name),
			lists[i].tables,
		};
	checks->sending = true;
	checks->options.header_size =
	    limit_of(conf, checks->arena, "header_size_limit", 102400);
	checks->options.line_length =
	    limit_of(conf, checks->arena, "line_length_limit", 2048);
	open_lists(checks, named, conf, err);
	return checks;
}

void
content_checks_close(struct content_checks *checks)
{
	if (checks == NULL)
		return;
	for (size_t i = 0; i < LISTS; i++)
		table_list_close(checks->lists[i]);
	arena_free(checks->arena);
	free(checks);
}

bool
content_checks_idle(const struct content_checks *checks)
{
	if (has_lists(checks))
		return false;
	return checks->options.reports == 0 && !checks->options.convert;
}

bool
content_checks_block(const struct content_checks *checks)
{
	unsigned flags = 0;

	for (size_t i = 0; i < LISTS; i++)
		if (checks->lists[i] != NULL)
			flags |= table_list_flags(checks->lists[i]);
	return (flags & TABLE_MAY_BLOCK) != 0;
}

void
content_checks_tables(struct content_checks *checks,
    void (*fn)(void *arg, struct table *table), void *arg)
{
	for (size_t i = 0; i < LISTS; i++)
		for (size_t j = 0;
		     checks->lists[i] != NULL && j < checks->lists[i]->count;
		     j++)
			fn(arg, checks->lists[i]->tables[j]);
}

/* The key for a look-up: ${text} as a string.  A NUL must not hide what
 * stands behind it. */
static const char *
make_key(struct checker *c, const char *text, size_t len)
{
	char *key = arena_strndup(c->scratch, text, len);

	for (char *p = key; (p = memchr(p, '\0', (size_t)(key + len - p)));)
		*p = ' ';
	return key;
}

/* What log lines are made of, in memory that does not grow with them. */
static struct subject
for_log(const struct checker *c)
{
	struct subject subject = *c->subject;

	subject.arena = c->scratch;
	return subject;
}

static struct event_by
by_whom(const struct checker *c)
{
	if (c->checks->sending && c->subject->by != NULL)
		return *c->subject->by;
	return (struct event_by){ .program = "cleanup",
		.qid = c->subject->queue_id };
}

static void
could_not_ask(struct checker *c, const struct content_seen *e)
{
	const struct event_by by = by_whom(c);

	if (c->checks->sending)
		event_warning(&by, "%s: smtp %s checks lookup error",
		    c->subject->queue_id,
		    e->class == CONTENT_BODY ? "body" : "header");
	else
		event_warning(&by,
		    "%s map lookup problem -- message not accepted, try again "
		    "later",
		    e->list);
	content_verdict_reject(
	    c->stage.verdict, 451, "4.3.0", "Error: queue file write error");
	c->stage.verdict->done = true;
}

/* Ask the list for ${e} about it and act on the answer. */
static void
look(struct checker *c, struct content_seen *e)
{
	const struct table_list *list = c->checks->lists[e->class];
	const struct subject subject = for_log(c);
	struct content_match match = {
		.subject = &subject,
		.verdict = c->stage.verdict,
		.scratch = c->scratch,
		.header = e->class != CONTENT_BODY,
		.sending = c->checks->sending,
		.longest = c->checks->options.header_size,
	};

	if (list == NULL || e->len == 0 || c->stage.verdict->done)
		return;
	match.table = e->list = list->name;
	match.content = make_key(c, e->text, e->len);
	switch (world_find_any(
	    c->subject->world, c->scratch, list, match.content, &e->value)) {
	case TABLE_FOUND:
		match.value = e->value.text;
		match.file = e->value.file;
		match.line = e->value.line;
		e->fate = content_action(&match, &e->result);
		return;
	case TABLE_FAILED:
		could_not_ask(c, e);
		break;
	case TABLE_NONE:
		break;
	}
	e->value.text = NULL;
}

static void
tell(const struct checker *c, const struct content_seen *e)
{
	if (c->watch != NULL)
		c->watch(c->watch_arg, e);
}

static bool
is_mime(const char *text, size_t len)
{
	static const char *const names[] = {
		"Content-Description",
		"Content-Disposition",
		"Content-ID",
		"Content-Transfer-Encoding",
		"Content-Type",
		"MIME-Version",
	};
	size_t n = mime_name(text, len);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n &&
		    strncasecmp(names[i], text, n) == 0)
			return true;
	return false;
}

/* Pass a header on: the message's own to the next stage as such, others as
 * lines of the body. */
static void
put_header(struct checker *c, enum mime_class of, const char *text, size_t len)
{
	if (of == MIME_MAIN)
		c->stage.next->ops->header(c->stage.next, text, len);
	else
		content_out_header(&c->out, text, len);
}

/* A line, or what a table has made of it. */
static void
put_edited(struct checker *c, const struct content_seen *e, bool ends)
{
	if (e->fate == CONTENT_PREPEND)
		content_out_line(&c->out, e->result, strlen(e->result), true);
	if (e->fate == CONTENT_REPLACE)
		content_out_line(&c->out, e->result, strlen(e->result), ends);
	else if (e->fate != CONTENT_DROP)
		content_out_line(&c->out, e->text, e->len, ends);
	arena_reset(c->scratch);
}

static enum table_hint
hint_of_lines(void *arg, const char *text, size_t len)
{
	const struct checker *c = arg;

	return world_hint(
	    c->subject->world, c->checks->lists[CONTENT_BODY], text, len);
}

static void
take_line(void *arg, const char *text, size_t len, bool ends, bool silent)
{
	struct checker *c = arg;
	struct content_seen e = {
		.class = CONTENT_BODY, .text = text, .len = len
	};

	if (!silent)
		look(c, &e);
	put_edited(c, &e, ends);
}

/* The lines that wait for it are done with before anything else happens. */
static void
look_at_lines(struct checker *c)
{
	static const struct body_lines_ops ops = { hint_of_lines, take_line };

	body_lines_look(&c->held, &ops, c);
}

static void
take_header(
    void *arg, enum mime_class of, const char *text, size_t len, size_t offset)
{
	static const enum content_class classes[] = {
		[MIME_MAIN] = CONTENT_HEADER,
		[MIME_PART] = CONTENT_MIME,
		[MIME_NESTED] = CONTENT_NESTED,
	};
	struct checker *c = arg;
	struct content_seen e = {
		.class = classes[of], .text = text, .len = len, .offset = offset
	};

	look_at_lines(c);
	if (is_mime(text, len))
		e.class = CONTENT_MIME;
	look(c, &e);
	tell(c, &e);
	switch (e.fate) {
	case CONTENT_PREPEND:
		put_header(c, of, e.result, strlen(e.result));
		put_header(c, of, text, len);
		break;
	case CONTENT_REPLACE:
		put_header(c, of, e.result, strlen(e.result));
		break;
	case CONTENT_KEEP:
		put_header(c, of, text, len);
		break;
	case CONTENT_DROP:
		break;
	}
	arena_reset(c->scratch);
}

static void
take_headers_end(void *arg)
{
	struct checker *c = arg;

	look_at_lines(c);
	/* A message that is all headers gets no empty line. */
	if (!c->ending)
		c->stage.next->ops->headers_end(c->stage.next);
}

static void
take_body(void *arg, const char *text, size_t len, bool ends, size_t offset)
{
	struct checker *c = arg;
	size_t limit = c->checks->body_size;
	bool wanted = limit == 0 || offset < limit;
	struct content_seen e = { .class = CONTENT_BODY,
		.text = text,
		.len = len,
		.offset = offset };

	if (c->separator_next) {
		c->separator_next = false;
		return;
	}
	/* Who watches wants to know of each line what it was asked. */
	if (wanted && c->watch == NULL &&
	    c->checks->lists[CONTENT_BODY] != NULL &&
	    body_lines_add(&c->held, text, len, ends))
		return;
	look_at_lines(c);
	if (wanted)
		look(c, &e);
	tell(c, &e);
	put_edited(c, &e, ends);
}

static void
take_fault(void *arg, enum mime_fault fault, const char *text, size_t len)
{
	enum { MOST_LOGGED = 100 };
	struct checker *c = arg;
	const struct subject subject = for_log(c);

	look_at_lines(c);
	content_action_log(&subject, "reject",
	    arena_printf(c->scratch, "mime-error %s:", mime_fault_text(fault)),
	    make_key(c, text, len > MOST_LOGGED ? MOST_LOGGED : len), "");
}

static void
nothing(void *arg)
{
	(void)arg;
}

static const struct mime_sink sink = {
	.header = take_header,
	.headers_end = take_headers_end,
	.body = take_body,
	.body_end = nothing,
	.fault = take_fault,
};

/* Pass on what one call has produced. */
static void
flush(struct checker *c)
{
	look_at_lines(c);
	if (c->out.len > 0)
		c->stage.next->ops->body(
		    c->stage.next, c->out.data, c->out.len);
	buf_reset(&c->out);
}

static void
stage_header(struct content_stage *stage, const char *text, size_t len)
{
	struct checker *c = (struct checker *)stage;

	mime_feed(c->mime, text, len);
	mime_feed(c->mime, "\n", 1);
}

static void
stage_headers_end(struct content_stage *stage)
{
	struct checker *c = (struct checker *)stage;

	c->separator_next = true;
	mime_feed(c->mime, "\n", 1);
	flush(c);
}

static void
stage_body(struct content_stage *stage, const char *data, size_t len)
{
	struct checker *c = (struct checker *)stage;

	mime_feed(c->mime, data, len);
	flush(c);
}

static void
stage_end(struct content_stage *stage)
{
	struct checker *c = (struct checker *)stage;
	struct content_verdict *verdict = stage->verdict;

	c->ending = true;
	mime_end(c->mime);
	flush(c);
	if (mime_faults(c->mime) != 0 &&
	    !content_verdict_has(verdict, EFFECT_DISCARD))
		content_verdict_reject(verdict, 550, "5.6.0",
		    mime_fault_reason(mime_faults(c->mime)));
	stage->next->ops->end(stage->next);
}

static void
stage_close(struct content_stage *stage)
{
	struct checker *c = (struct checker *)stage;

	mime_free(c->mime);
	arena_free(c->scratch);
	buf_free(&c->out);
	body_lines_free(&c->held);
	free(c);
}

void
content_checks_watch(struct content_stage *stage,
    void (*watch)(void *arg, const struct content_seen *seen), void *arg)
{
	struct checker *c = (struct checker *)stage;

	c->watch = watch;
	c->watch_arg = arg;
}

struct content_stage *
content_checks_new(const struct content_checks *checks,
    const struct subject *subject, struct content_verdict *verdict,
    struct content_stage *next)
{
	static const struct content_stage_ops ops = {
		.header = stage_header,
		.headers_end = stage_headers_end,
		.body = stage_body,
		.end = stage_end,
		.close = stage_close,
	};
	struct checker *c = calloc(1, sizeof *c);

	if (c == NULL)
		fatal("out of memory");
	c->stage = (struct content_stage){
		.ops = &ops,
		.next = next,
		.verdict = verdict,
	};
	c->checks = checks;
	c->subject = subject;
	c->scratch = arena_new();
	c->mime = mime_new(&checks->options, &sink, c);
	return &c->stage;
}

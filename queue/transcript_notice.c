/* transcript_notice.c - see transcript_notice.h.
 *
 * Line for line as Postfix writes it, so that whoever reads the one reads the
 * other. */
#include "queue/transcript_notice.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/local_time.h"
#include "queue/dsn.h"
#include "queue/queue_events.h"
#include "queue/transcript.h"

enum {
	LINE = 78,
	INDENT = 4, /* of the rest of a long line */
};

static const char *
value(struct conf *conf, const char *name, const char *preset,
    struct arena *arena)
{
	struct err ignored;
	const char *text = conf_get(conf, name, arena, &ignored);

	return text != NULL && text[0] != '\0' ? text : preset;
}

static bool
is_yes(struct conf *conf, const char *name, struct arena *arena)
{
	return strcasecmp(value(conf, name, "", arena), "yes") == 0;
}

static unsigned
class_of(const char *word)
{
	static const struct {
		const char *name;
		enum transcript_class class;
	} names[] = {
		{ "policy", TRANSCRIPT_POLICY },
		{ "protocol", TRANSCRIPT_PROTOCOL },
		{ "resource", TRANSCRIPT_RESOURCE },
		{ "software", TRANSCRIPT_SOFTWARE },
		{ "data", TRANSCRIPT_DATA },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(word, names[i].name) == 0)
			return names[i].class;
	return 0;
}

void
transcript_notice_site(
    struct conf *conf, struct arena *arena, struct transcript_site *site)
{
	const char *p = value(conf, "notify_classes", "", arena), *word;

	*site = (struct transcript_site){
		.to =
		    value(conf, "error_notice_recipient", "postmaster", arena),
		.myhostname = value(conf, "myhostname", "localhost", arena),
		.mail_name = value(conf, "mail_name", "Weir", arena),
		.long_qids = is_yes(conf, "enable_long_queue_ids", arena),
		.utf8 = is_yes(conf, "smtputf8_enable", arena),
	};
	site->myorigin = value(conf, "myorigin", site->myhostname, arena);
	site->double_bounce = arena_printf(arena, "%s@%s",
	    value(conf, "double_bounce_sender", "double-bounce", arena),
	    site->myhostname);
	site->obsolete =
	    strcasecmp(
		value(conf, "header_from_format", "", arena), "obsolete") == 0;
	while ((word = conf_word(&p, arena)) != NULL)
		site->classes |= class_of(word);
	p = value(conf, "internal_mail_filter_classes", "", arena);
	while ((word = conf_word(&p, arena)) != NULL)
		site->checked |= strcmp(word, "notify") == 0;
}

bool
transcript_notice_is(const struct transcript_site *site, const char *sender)
{
	return strcasecmp(sender, site->double_bounce) == 0;
}

/* Append "  text": broken at blanks where it is long. */
static void
put_wrapped(struct buf *out, const char *line, size_t n)
{
	const char *end = line + n;
	size_t room = LINE;
	int indent = 0;

	while (line < end) {
		const char *cut = end, *p = line;

		/* As many words as there is room for, but one at least. */
		while ((size_t)(end - line) > room && p < end) {
			const char *blank = memchr(p, ' ', (size_t)(end - p));

			if (blank == NULL)
				blank = end;
			if (p > line && (size_t)(blank - line) > room)
				break;
			cut = p = blank == end ? end : blank + 1;
		}
		n = (size_t)(cut - line);
		while (n > 0 && line[n - 1] == ' ')
			n--;
		buf_printf(out, " %*s%.*s\r\n", indent, "", (int)n, line);
		for (line = cut; line < end && *line == ' ';)
			line++;
		indent = INDENT;
		room = LINE - INDENT;
	}
}

static void
put_transcript(struct buf *out, const struct transcript *t)
{
	struct buf all = { 0 };
	const char *p, *end, *lf;

	transcript_print(t, &all);
	p = buf_str(&all);
	end = p + all.len;
	for (; p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL;
	     p = lf + 1)
		put_wrapped(out, p, (size_t)(lf - p));
	buf_free(&all);
}

static void
put_body(struct buf *out, const struct transcript *t,
    const struct transcript_about *about)
{
	if (about->cause != NULL)
		buf_printf(out, "%s\r\n\r\n", about->cause);
	buf_puts(out, "Transcript of session follows.\r\n\r\n");
	put_transcript(out, t);
	buf_puts(out, "\r\n");
	if (about->end != NULL)
		buf_printf(out, "Session aborted, reason: %s\r\n", about->end);
	if (about->cause == NULL)
		buf_puts(out, "\r\n");
	buf_puts(out, "For other details, see the local mail logfile\r\n");
}

/* "name <address>", or the other way round. */
static void
put_address(struct buf *out, const struct transcript_site *site,
    const char *header, const char *name, const char *address)
{
	buf_printf(out, "%s: ", header);
	if (site->obsolete)
		buf_printf(out, "%s (%s)\r\n", address, name);
	else
		buf_printf(out, "%s <%s>\r\n", name, address);
}

/* An address without a domain is ours. */
static const char *
complete(const struct transcript_site *site, struct arena *arena,
    const char *address)
{
	return strchr(address, '@') != NULL
	    ? arena_strdup(arena, address)
	    : arena_printf(arena, "%s@%s", address, site->myorigin);
}

static void
put_headers(struct transcript_notice *notice,
    const struct transcript_site *site, const struct transcript_about *about,
    const char *to)
{
	struct buf *out = &notice->headers;
	int64_t now = notice->e.arrival;

	buf_printf(out, "Received: by %s (%s)\r\n\tid %s; ", site->myhostname,
	    site->mail_name, notice->e.qid);
	local_time_date(now, out);
	buf_puts(out, "\r\nDate: ");
	local_time_date(now, out);
	buf_puts(out, "\r\n");
	put_address(out, site, "From", "Mail Delivery System",
	    complete(site, notice->arena, "MAILER-DAEMON"));
	put_address(out, site, "To", "Postmaster", to);
	buf_printf(out, "Subject: %s %s: errors from %s\r\n", site->mail_name,
	    about->whose, about->peer);
	buf_printf(out, "Message-Id: %s\r\n\r\n", notice->e.message_id);
}

static void
set_envelope(struct transcript_notice *notice,
    const struct transcript_site *site, const char *to)
{
	struct envelope_rcpt *rcpt = arena_alloc(notice->arena, sizeof *rcpt);
	struct envelope *e = &notice->e;

	*rcpt = (struct envelope_rcpt){ .address = to,
		.original = "",
		.orcpt = "",
		.transport = "",
		.nexthop = "",
		.dsn = "",
		.reason = "",
		.remote = "",
		.diagnostic = "" };
	e->rcpts = rcpt;
	e->nrcpts = 1;
	e->sender = arena_strdup(notice->arena, site->double_bounce);
	e->envid = e->filter = e->client_name = e->client_addr =
	    e->client_port = e->helo = e->protocol = e->sasl_method =
		e->sasl_username = e->ident = "";
	e->is_bounce = true;
	e->unseen = site->checked;
}

struct transcript_notice *
transcript_notice_new(const struct transcript *t,
    const struct transcript_site *site, const struct transcript_about *about,
    const char *qid)
{
	struct transcript_notice *notice = calloc(1, sizeof *notice);
	struct dsn id = {
		.qid = qid, .now = clock_now(), .myhostname = site->myhostname
	};
	struct buf text = { 0 };
	const char *to;

	if (notice == NULL)
		fatal("out of memory");
	notice->arena = arena_new();
	must(strlen(qid) < sizeof notice->e.qid);
	memcpy(notice->e.qid, qid, strlen(qid) + 1);
	notice->e.arrival = id.now;
	to = complete(site, notice->arena, site->to);
	set_envelope(notice, site, to);
	dsn_message_id(&id, &text);
	notice->e.message_id = arena_strdup(notice->arena, buf_str(&text));
	buf_free(&text);
	put_headers(notice, site, about, to);
	put_body(&notice->body, t, about);
	notice->e.headers = notice->headers.data;
	notice->e.nheaders = notice->headers.len;
	notice->e.size = notice->headers.len + notice->body.len;
	return notice;
}

void
transcript_notice_free(struct transcript_notice *notice)
{
	buf_free(&notice->headers);
	buf_free(&notice->body);
	arena_free(notice->arena);
	free(notice);
}

void
transcript_notice_log(const struct transcript_notice *notice)
{
	struct event_by by = { .program = "cleanup", .qid = notice->e.qid };

	event(&queue_events_message_id, &by, "message_id", notice->e.message_id,
	    NULL);
}

void
transcript_notice_lost(const char *why)
{
	event_warning(NULL, "postmaster notify: %s", why);
}

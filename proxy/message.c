/* message.c - see message.h. */
#include "proxy/message.h"

#include <string.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "checks/content_action.h"
#include "checks/mime.h"
#include "checks/subject.h"
#include "proxy/header_rewrite.h"
#include "proxy/message_rules.h"
#include "proxy/proxy_params.h"
#include "rules/route.h"

enum { MOST_LOGGED = 200 };

void
message_open(struct message *m, const struct message_rules *rules,
    const struct proxy_params *params, const struct message_about *about,
    struct arena *arena)
{
	const struct route_header_how how = { about->local, rules->maps };

	*m = (struct message){
		.rules = rules,
		.params = params,
		.subject = about->subject,
		.wrong = "",
	};
	content_verdict_begin(&m->verdict, arena);
	keep_open(&m->keep, &m->verdict, rules->drop,
	    (size_t)params->header_size_limit);
	m->first = &m->keep.stage;
	if (rules->route != NULL)
		m->rewriter = header_rewrite_new(
		    rules->route, &how, about->subject->world, m->first);
	if (m->rewriter != NULL)
		m->first = m->rewriter;
	m->first = content_stack_open(&m->stack, &rules->tables, about->subject,
	    about->recipients, m->first);
}

void
message_close(struct message *m)
{
	content_stack_close(&m->stack);
	if (m->rewriter != NULL)
		m->rewriter->ops->close(m->rewriter);
	m->rewriter = NULL;
	keep_close(&m->keep);
	buf_free(&m->line);
	buf_free(&m->header);
}

bool
message_blocks(const struct message *m)
{
	return m->rules->tables.blocks ||
	    (m->rewriter != NULL && m->rules->maps &&
		route_header_flags(m->rules->route) != 0);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The header is complete: its last line end is not part of it. */
static void
end_header(struct message *m)
{
	if (m->header.len == 0)
		return;
	m->first->ops->header(m->first, m->header.data, m->header.len - 1);
	buf_reset(&m->header);
}

static void
begin_body(struct message *m)
{
	end_header(m);
	m->in_body = true;
	m->first->ops->headers_end(m->first);
}

static void
put_body(struct message *m, const char *data, size_t n)
{
	if (n > 0)
		m->first->ops->body(m->first, data, n);
}

/* A line of a header, or the beginning of a long one. */
static void
put_line(struct message *m, const char *line, size_t n)
{
	buf_put(&m->header, line, n);
	buf_putc(&m->header, '\n');
}

/* What is too long is cut, as Postfix does it: between pieces. */
static bool
has_room(const struct message *m)
{
	return m->header.len <= (size_t)m->params->header_size_limit;
}

/* The section ends with a line of text, or the beginning of a long one. */
static void
end_with_text(struct message *m, const char *p, size_t n)
{
	static const char header[] =
	    "MIME-Error: message header was not terminated by empty line";
	struct subject subject;

	end_header(m);
	switch (m->rules->no_end) {
	case MESSAGE_NO_END_FIX:
		return;
	case MESSAGE_NO_END_HEADER:
		content_stage_made(m->first, header, sizeof header - 1);
		return;
	case MESSAGE_NO_END_REJECT:
		m->no_end = true;
		subject = *m->subject;
		subject.arena = m->verdict.arena;
		content_action_log_fault(&subject, MIME_FAULT_NO_END, p, n);
		return;
	}
}

static void
to_body(struct message *m, const char *p, size_t n, bool ends)
{
	begin_body(m);
	put_body(m, p, n);
	if (ends)
		put_body(m, "\r\n", 2);
}

/* What Postfix does with a first line that is none of a message; true: it is
 * dealt with. */
static bool
odd_first_line(struct message *m, const char *p, size_t n, bool ends)
{
	size_t quotes = 0;

	while (quotes < n && p[quotes] == '>')
		quotes++;
	if (n >= quotes + 5 && memcmp(p + quotes, "From ", 5) == 0) {
		/* The next line is the first, again. */
		buf_puts(&m->header, "X-Mailbox-Line: ");
		put_line(m, p, n);
		end_header(m);
		return true;
	}
	m->started = true;
	if (n == 0 || !blank(*p))
		return false;
	to_body(m, p, n, ends);
	return true;
}

/* A line of the header section, or its first piece. */
static void
take_line(struct message *m, const char *p, size_t n, bool ends)
{
	if (!m->started && odd_first_line(m, p, n, ends))
		return;
	if (n == 0) {
		begin_body(m);
	} else if (blank(p[0]) && m->header.len > 0) {
		if (has_room(m))
			put_line(m, p, n);
	} else if (mime_name(p, n) > 0) {
		end_header(m);
		put_line(m, p, n);
	} else {
		end_with_text(m, p, n);
		to_body(m, p, n, ends);
	}
}

/* A piece of a line, none longer than line_length_limit. */
static void
take_piece(struct message *m, const char *p, size_t n, bool ends)
{
	if (!m->in_line) {
		take_line(m, p, n, ends);
	} else if (m->header.len > 0 && has_room(m)) {
		buf_cut(&m->header, m->header.len - 1);
		put_line(m, p, n);
	}
	m->in_line = !ends;
}

/* Take what has been gathered of a line, but for what may be part of its end. */
static void
take_long(struct message *m, bool ends)
{
	size_t piece = (size_t)m->params->line_length_limit;
	size_t left = ends ? m->line.len - 2 : m->line.len;
	const char *p = m->line.data;

	while (left > piece + !ends && !m->in_body) {
		take_piece(m, p, piece, false);
		p += piece;
		left -= piece;
	}
	if (m->in_body)
		put_body(m, p, ends ? left + 2 : left);
	else if (ends)
		take_piece(m, p, left, true);
	if (m->in_body || ends)
		left = 0;
	buf_drop(&m->line, m->line.len - left);
}

/* Take up to the end of a line of the header section; how many octets. */
static size_t
feed_header(struct message *m, const char *data, size_t n)
{
	size_t piece = (size_t)m->params->line_length_limit;
	const char *lf = memchr(data, '\n', n);

	if (lf != NULL)
		n = (size_t)(lf + 1 - data);
	if (lf != NULL && m->line.len == 0 && n <= piece + 2) {
		take_piece(m, data, n - 2, true);
		return n;
	}
	buf_put(&m->line, data, n);
	take_long(m, lf != NULL);
	return n;
}

static void
feed(struct message *m, const char *data, size_t n)
{
	while (n > 0 && !m->in_body) {
		size_t used = feed_header(m, data, n);

		data += used;
		n -= used;
	}
	put_body(m, data, n);
}

/* The octet at ${p} is in the set; line ends are not text. */
static bool
is_in(const unsigned char *set, const char *p, const char *end)
{
	if (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n'))
		return false;
	return set[(unsigned char)*p];
}

/* Look for an octet that is not allowed, and keep its line for the log. */
static bool
has_rejected(struct message *m, const char *data, size_t n)
{
	const char *end = data + n, *p = data, *start, *lf;

	while (p < end && !is_in(m->rules->reject, p, end))
		p++;
	if (p == end)
		return false;
	start = memrchr(data, '\n', (size_t)(p - data));
	start = start != NULL ? start + 1 : data;
	lf = memchr(p, '\n', (size_t)(end - p));
	n = (size_t)((lf != NULL ? lf - 1 : end) - start);
	m->wrong = arena_strndup(
	    m->verdict.arena, start, n < MOST_LOGGED ? n : MOST_LOGGED);
	return true;
}

static void
feed_stripped(
    struct message *m, const unsigned char *set, const char *data, size_t n)
{
	struct buf kept = { 0 };

	for (const char *p = data; p < data + n; p++)
		if (!is_in(set, p, data + n))
			buf_putc(&kept, *p);
	feed(m, kept.data, kept.len);
	buf_free(&kept);
}

static void
count(struct message *m, const char *data, size_t n)
{
	uint64_t most = (uint64_t)m->params->message_size_limit;
	const char *lf = memrchr(data, '\n', n);

	if (lf != NULL)
		m->whole = m->size + (size_t)(lf + 1 - data);
	m->size += n;
	if (most > 0 && m->size > most && m->fault == MESSAGE_OK)
		m->fault = MESSAGE_TOO_LARGE;
}

void
message_feed(struct message *m, const char *data, size_t n)
{
	const struct message_rules *rules = m->rules;

	count(m, data, n);
	if (m->fault == MESSAGE_OK && rules->reject != NULL &&
	    has_rejected(m, data, n))
		m->fault = MESSAGE_OCTETS;
	if (m->fault != MESSAGE_OK)
		return;
	if (rules->strip != NULL)
		feed_stripped(m, rules->strip, data, n);
	else
		feed(m, data, n);
}

void
message_header(struct message *m, const char *text, size_t len)
{
	m->first->ops->header(m->first, text, len);
}

void
message_nul(struct message *m)
{
	if (m->fault == MESSAGE_OK && m->rules->reject != NULL &&
	    m->rules->reject[0])
		m->fault = MESSAGE_OCTETS;
}

void
message_end(struct message *m)
{
	if (m->fault != MESSAGE_OK)
		return;
	must(m->line.len == 0);
	end_header(m);
	m->first->ops->end(m->first);
	if (m->no_end && !content_verdict_has(&m->verdict, EFFECT_DISCARD))
		content_verdict_reject(&m->verdict, 550, "5.6.0",
		    mime_fault_text(MIME_FAULT_NO_END));
}

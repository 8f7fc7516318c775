/* message.c - see message.h. */
#include "proxy/message.h"

#include <string.h>

#include "base/fatal.h"
#include "checks/content_checks.h"
#include "checks/text_checks.h"
#include "proxy/message_rules.h"
#include "proxy/proxy_params.h"

void
message_open(struct message *m, const struct message_rules *rules,
    const struct proxy_params *params, const struct subject *subject,
    struct arena *arena)
{
	*m = (struct message){ .rules = rules, .params = params };
	content_verdict_begin(&m->verdict, arena);
	keep_open(&m->keep, &m->verdict, rules->drop);
	m->first = &m->keep.stage;
	if (rules->text != NULL)
		m->first = m->text = text_checks_new(
		    rules->text, subject, &m->verdict, m->first);
	if (!rules->idle)
		m->first = m->checks = content_checks_new(
		    rules->checks, subject, &m->verdict, m->first);
}

void
message_close(struct message *m)
{
	struct content_stage *stages[] = { m->checks, m->text };

	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (stages[i] != NULL)
			stages[i]->ops->close(stages[i]);
	m->checks = m->text = NULL;
	keep_close(&m->keep);
	buf_free(&m->line);
	buf_free(&m->header);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A line begins with a field name, blanks and a colon. */
static bool
is_header(const char *line, size_t n)
{
	size_t i = 0, name;

	while (i < n && (unsigned char)line[i] > 32 && line[i] != ':' &&
	    (unsigned char)line[i] < 127)
		i++;
	name = i;
	while (i < n && blank(line[i]))
		i++;
	return name > 0 && i < n && line[i] == ':';
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

/* A line of a header, "\n" instead of <CR><LF>. */
static void
put_line(struct message *m, const char *line, size_t n)
{
	buf_put(&m->header, line, n - 2);
	buf_putc(&m->header, '\n');
}

/* What Postfix does with a first line that is none of a message; true: it is
 * dealt with. */
static bool
odd_first_line(struct message *m, const char *p, size_t n)
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
	if (n <= 2 || !blank(*p))
		return false;
	begin_body(m);
	put_body(m, p, n);
	return true;
}

/* A whole line of the header section, with its <CR><LF>. */
static void
take_line(struct message *m, const char *p, size_t n)
{
	size_t most = (size_t)m->params->header_size_limit;

	if (!m->started && odd_first_line(m, p, n))
		return;
	if (n == 2) {
		begin_body(m);
	} else if (blank(p[0]) && m->header.len > 0) {
		/* What is too long is cut. */
		if (m->header.len + n <= most)
			put_line(m, p, n);
	} else if (is_header(p, n)) {
		end_header(m);
		put_line(m, p, n);
	} else {
		begin_body(m);
		put_body(m, p, n);
	}
}

/* A line longer than any header may be, whose end has not come: cut it if it
 * is (part of) a header, else what is behind it is body anyway. */
static void
take_start(struct message *m, size_t most)
{
	bool continues = blank(m->line.data[0]) && m->header.len > 0;

	if (continues || is_header(m->line.data, m->line.len)) {
		buf_cut(&m->line, most);
		buf_put(&m->line, "\r\n", 2);
		m->cutting = true;
		take_line(m, m->line.data, m->line.len);
	} else {
		begin_body(m);
		put_body(m, m->line.data, m->line.len);
	}
	buf_reset(&m->line);
}

/* Take up to the end of a line of the header section; how many octets. */
static size_t
feed_header(struct message *m, const char *data, size_t n)
{
	size_t most = (size_t)m->params->header_size_limit;
	const char *lf = memchr(data, '\n', n);

	if (lf != NULL)
		n = (size_t)(lf + 1 - data);
	if (m->cutting) {
		m->cutting = lf == NULL;
		return n;
	}
	if (lf != NULL && m->line.len == 0 && n <= most + 2) {
		take_line(m, data, n);
		return n;
	}
	buf_put(&m->line, data, n);
	if (lf == NULL) {
		if (m->line.len > most + 2)
			take_start(m, most);
		return n;
	}
	if (m->line.len > most + 2) {
		buf_cut(&m->line, most);
		buf_put(&m->line, "\r\n", 2);
	}
	take_line(m, m->line.data, m->line.len);
	buf_reset(&m->line);
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

static bool
has_rejected(const unsigned char *set, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (set[(unsigned char)data[i]])
			return true;
	return false;
}

static void
feed_stripped(
    struct message *m, const unsigned char *set, const char *data, size_t n)
{
	struct buf kept = { 0 };

	for (size_t i = 0; i < n; i++)
		if (!set[(unsigned char)data[i]])
			buf_putc(&kept, data[i]);
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
	    has_rejected(rules->reject, data, n))
		m->fault = MESSAGE_OCTETS;
	if (m->fault != MESSAGE_OK)
		return;
	if (rules->strip != NULL)
		feed_stripped(m, rules->strip, data, n);
	else
		feed(m, data, n);
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
}

/* message.c - see message.h. */
#include "proxy/message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fatal.h"
#include "proxy/smtp_service.h"

/* A header section longer than this goes on in the body, so that what is kept
 * beside the envelope stays bounded. */
enum { MOST_HEADERS = 256 * 1024 };

void
message_open(struct message *m, const struct smtp_service *service,
    const struct proxy_params *params)
{
	*m = (struct message){ .service = service, .params = params };
}

void
message_close(struct message *m)
{
	buf_free(&m->line);
	buf_free(&m->header);
	buf_free(&m->headers);
	buf_free(&m->body);
	free(m->message_id);
	m->message_id = NULL;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The length of the field name at the start of a line; 0: it is no header. */
static size_t
name_length(const char *line, size_t n)
{
	size_t i = 0, len;

	while (i < n && (unsigned char)line[i] > 32 && line[i] != ':' &&
	    (unsigned char)line[i] < 127)
		i++;
	len = i;
	while (i < n && blank(line[i]))
		i++;
	return i < n && line[i] == ':' ? len : 0;
}

static bool
named(const struct buf *header, size_t n, const char *name)
{
	return strlen(name) == n && strncasecmp(header->data, name, n) == 0;
}

/* Remember "<...>" of a Message-ID: header. */
static void
take_message_id(struct message *m, size_t name)
{
	const char *p =
	    memchr(m->header.data + name, '<', m->header.len - name);
	const char *end;

	if (p == NULL || m->message_id != NULL)
		return;
	end = memchr(p, '>', m->header.len - (size_t)(p - m->header.data));
	if (end == NULL)
		return;
	m->message_id = strndup(p, (size_t)(end + 1 - p));
	if (m->message_id == NULL)
		fatal("out of memory");
}

static void
look_at_header(struct message *m, size_t n)
{
	const struct buf *h = &m->header;

	if (named(h, n, "Received")) {
		if (++m->hops >= (unsigned)m->params->hopcount_limit &&
		    m->fault == MESSAGE_OK)
			m->fault = MESSAGE_HOPS;
	} else if (named(h, n, "Message-Id")) {
		take_message_id(m, n);
	} else if (named(h, n, "Date")) {
		m->has_date = true;
	} else if (named(h, n, "From")) {
		m->has_from = true;
	} else if (named(h, n, "To") || named(h, n, "Cc") ||
	    named(h, n, "Bcc")) {
		m->has_rcpt = true;
	}
}

static bool
dropped(const struct message *m, size_t n)
{
	for (const char *const *d = m->service->drop; *d != NULL; d++)
		if (named(&m->header, n, *d))
			return true;
	return false;
}

/* The header is complete. */
static void
end_header(struct message *m)
{
	size_t n;

	if (m->header.len == 0)
		return;
	n = name_length(m->header.data, m->header.len);
	look_at_header(m, n);
	if (!dropped(m, n))
		buf_put(&m->headers, m->header.data, m->header.len);
	buf_reset(&m->header);
}

static void
begin_body(struct message *m)
{
	end_header(m);
	m->in_body = true;
}

static void
put_body(struct message *m, const char *data, size_t n)
{
	buf_put(&m->body, data, n);
}

/* Postfix's ways with a first line that is none of a message. */
static void
first_line(struct message *m, const char **p, size_t *n)
{
	size_t quotes = 0;

	m->started = true;
	while (quotes < *n && (*p)[quotes] == '>')
		quotes++;
	if (*n >= quotes + 5 && memcmp(*p + quotes, "From ", 5) == 0) {
		/* Still the first line, for the next one. */
		m->started = false;
		buf_puts(&m->header, "X-Mailbox-Line: ");
		buf_put(&m->header, *p, *n);
		end_header(m);
		*n = 0;
	} else if (*n > 0 && blank(**p)) {
		begin_body(m);
	}
}

/* A whole line of the header section, with its <CR><LF>; or the start of one
 * that is longer than any header may be. */
static void
take_line(struct message *m)
{
	const char *p = m->line.data;
	size_t n = m->line.len;

	if (!m->started)
		first_line(m, &p, &n);
	if (n == 0)
		return;
	if (m->in_body) {
		put_body(m, p, n);
	} else if (n == 2 && p[0] == '\r') {
		begin_body(m);
	} else if (blank(p[0]) && m->header.len > 0) {
		if (m->header.len + n <=
		    (size_t)m->params->header_size_limit + 2)
			buf_put(&m->header, p, n);
	} else if (name_length(p, n) > 0) {
		end_header(m);
		if (m->headers.len > MOST_HEADERS) {
			m->split = true;
			begin_body(m);
			put_body(m, p, n);
		} else {
			buf_put(&m->header, p, n);
		}
	} else {
		begin_body(m);
		put_body(m, p, n);
	}
}

/* Take up to the end of a line of the header section; how many octets. */
static size_t
feed_header(struct message *m, const char *data, size_t n)
{
	size_t limit = (size_t)m->params->header_size_limit;
	const char *lf = memchr(data, '\n', n);

	if (lf != NULL)
		n = (size_t)(lf + 1 - data);
	if (m->cutting) {
		m->cutting = lf == NULL;
		return n;
	}
	if (lf == NULL && m->line.len + n > limit) {
		/* Too long already: decide by what there is. */
		buf_put(&m->line, data, n);
		if (name_length(m->line.data, m->line.len) > 0 ||
		    blank(m->line.data[0])) {
			buf_cut(&m->line, limit);
			buf_put(&m->line, "\r\n", 2);
			m->cutting = true;
		}
	} else {
		buf_put(&m->line, data, n);
		if (lf == NULL)
			return n;
		if (m->line.len > limit + 2) {
			buf_cut(&m->line, limit);
			buf_put(&m->line, "\r\n", 2);
		}
	}
	take_line(m);
	buf_reset(&m->line);
	return n;
}

static bool
has_rejected(const struct message *m, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (m->service->reject[(unsigned char)data[i]])
			return true;
	return false;
}

/* Append ${data} without the octets of message_strip_characters. */
static void
strip(const struct message *m, const char *data, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		if (!m->service->strip[(unsigned char)data[i]])
			buf_putc(out, data[i]);
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

static void
count(struct message *m, const char *data, size_t n)
{
	uint64_t limit = (uint64_t)m->params->message_size_limit;
	const char *lf = memrchr(data, '\n', n);

	if (lf != NULL)
		m->whole = m->size + (size_t)(lf + 1 - data);
	m->size += n;
	if (limit > 0 && m->size > limit && m->fault == MESSAGE_OK)
		m->fault = MESSAGE_TOO_LARGE;
}

void
message_feed(struct message *m, const char *data, size_t n)
{
	struct buf kept = { 0 };

	count(m, data, n);
	if (m->fault == MESSAGE_OK && m->service->reject != NULL &&
	    has_rejected(m, data, n))
		m->fault = MESSAGE_OCTETS;
	if (m->fault != MESSAGE_OK)
		return;
	if (m->service->strip != NULL) {
		strip(m, data, n, &kept);
		feed(m, kept.data, kept.len);
		buf_free(&kept);
	} else {
		feed(m, data, n);
	}
}

void
message_end(struct message *m)
{
	if (m->line.len > 0)
		take_line(m);
	buf_reset(&m->line);
	end_header(m);
}

/* parts.c - see parts.h. */
#include "checks/parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "checks/attachment_name.h"
#include "checks/tokens.h"

struct parts {
	const struct parts_sink *sink;
	void *arg;
	struct mime *mime;
	enum mime_place place;
	bool skip_line; /* the next line is a boundary */
	struct part part;
	bool typed;         /* a type was said */
	bool named_html;    /* a name was said that readers take for HTML */
	unsigned inherited; /* encodings of what the message stands in */
	struct transfer readings[TRANSFER_ENCODINGS];
	unsigned open; /* the sum of 1 << each reading that has begun */
	struct buf decoded;
};

/* clang-format off */
static const struct {
	const char *name;
	enum transfer_encoding encoding;
} encodings[] = {
	{ "7bit",             TRANSFER_PLAIN },
	{ "8bit",             TRANSFER_PLAIN },
	{ "binary",           TRANSFER_PLAIN },
	{ "base64",           TRANSFER_BASE64 },
	{ "quoted-printable", TRANSFER_QUOTED },
	/* Some readers know it, others show what is there. */
	{ "x-base64",         TRANSFER_BASE64 },
	{ "x-base64",         TRANSFER_PLAIN },
};
/* clang-format on */

static bool
is_word(const struct tokens *t, size_t i, const char *word)
{
	return i < t->count && strcasecmp(t->list[i].text, word) == 0;
}

static void
take_charset(struct part *part, struct tokens *t)
{
	while (tokens_next(t)) {
		size_t n;

		if (t->count < 3 || !is_word(t, 0, "charset") ||
		    part->charset[0] != '\0')
			continue;
		n = strlen(t->list[2].text);
		if (n <= PARTS_CHARSET)
			memcpy(part->charset, t->list[2].text, n + 1);
	}
}

/* Of several types each counts. */
static void
take_type(struct parts *p, struct tokens *t)
{
	if (!tokens_next(t) || t->count == 0)
		return;
	if (!p->typed)
		p->part.text = false;
	p->typed = true;
	/* A type that is none, or has no subtype, is text. */
	if (t->count < 3 || is_word(t, 0, "text") || is_word(t, 0, "message") ||
	    is_word(t, 0, "multipart"))
		p->part.text = true;
	if (is_word(t, 2, "html") || is_word(t, 2, "xhtml+xml"))
		p->part.text = p->part.html = true;
	take_charset(&p->part, t);
}

static void
take_encoding(struct parts *p, struct tokens *t)
{
	if (!tokens_next(t))
		return;
	for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
		if (is_word(t, 0, encodings[i].name))
			p->part.encodings |= 1U << encodings[i].encoding;
}

/* Readers go by the name if the type says nothing, and some in any case. */
static void
take_name(void *arg, const char *text, size_t len)
{
	static const char *const ends[] = { ".htm", ".html", ".xhtml", ".xht",
		".shtml" };
	struct parts *p = arg;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t n = strlen(ends[i]);

		if (len >= n && strncasecmp(text + len - n, ends[i], n) == 0)
			p->named_html = true;
	}
}

static void
header(
    void *arg, enum mime_class of, const char *text, size_t len, size_t offset)
{
	struct parts *p = arg;
	bool is_type = mime_is(text, len, "Content-Type");
	struct tokens t = { .end = text + len };
	const struct attachment_name_sink names = { take_name, p };

	(void)of;
	(void)offset;
	if (is_type || mime_is(text, len, "Content-Transfer-Encoding")) {
		t.p = (const char *)memchr(text, ':', len) + 1;
		if (is_type)
			take_type(p, &t);
		else
			take_encoding(p, &t);
		buf_free(&t.memory);
	}
	if (is_type || mime_is(text, len, "Content-Disposition"))
		(void)attachment_name_find(text, len, &names);
	p->sink->header(p->arg, text, len);
}

static void
end_readings(struct parts *p)
{
	for (unsigned i = 0; i < TRANSFER_ENCODINGS; i++) {
		if ((p->open & 1U << i) == 0)
			continue;
		transfer_end(&p->readings[i], &p->decoded);
		if (p->decoded.len > 0)
			p->sink->data(
			    p->arg, i, p->decoded.data, p->decoded.len);
		buf_reset(&p->decoded);
		p->sink->end(p->arg, i);
	}
	p->open = 0;
}

static void
begin_readings(struct parts *p)
{
	for (unsigned i = 0; i < TRANSFER_ENCODINGS; i++) {
		if ((p->part.encodings & 1U << i) == 0)
			continue;
		transfer_begin(&p->readings[i], i);
		p->sink->begin(p->arg, &p->part, i);
		p->open |= 1U << i;
	}
}

/* A part that has said nothing yet. */
static void
forget(struct parts *p)
{
	p->part = (struct part){ .text = true };
	p->typed = p->named_html = false;
}

static void
place(void *arg, enum mime_place to)
{
	struct parts *p = arg;

	end_readings(p);
	if (to == MIME_IN_HEADERS) {
		/* From headers to headers: a message in what they are of. */
		p->inherited = p->place == to ? p->part.encodings : 0;
		forget(p);
	} else {
		if (to == MIME_IN_NOTHING) {
			p->skip_line = true;
			p->inherited = 0;
			forget(p);
		}
		if (p->named_html)
			p->part.text = p->part.html = true;
		if (p->part.encodings == 0)
			p->part.encodings = p->inherited;
		if (p->part.encodings == 0)
			p->part.encodings = 1U << TRANSFER_PLAIN;
		begin_readings(p);
	}
	p->place = to;
}

static void
headers_end(void *arg)
{
	(void)arg;
}

static void
body(void *arg, const char *text, size_t len, bool ends, size_t offset)
{
	struct parts *p = arg;

	(void)offset;
	for (unsigned i = 0; i < TRANSFER_ENCODINGS && !p->skip_line; i++) {
		if ((p->open & 1U << i) == 0)
			continue;
		transfer_feed(&p->readings[i], text, len, &p->decoded);
		if (ends)
			transfer_feed(&p->readings[i], "\r\n", 2, &p->decoded);
		if (p->decoded.len > 0)
			p->sink->data(
			    p->arg, i, p->decoded.data, p->decoded.len);
		buf_reset(&p->decoded);
	}
	p->skip_line = p->skip_line && !ends;
}

static void
body_end(void *arg)
{
	end_readings(arg);
}

static void
fault(void *arg, enum mime_fault what, const char *text, size_t len)
{
	struct parts *p = arg;

	p->sink->fault(p->arg, what, text, len);
}

struct parts *
parts_new(const struct mime_options *options, const struct parts_sink *sink,
    void *arg)
{
	static const struct mime_sink mime_sink = {
		.header = header,
		.headers_end = headers_end,
		.body = body,
		.body_end = body_end,
		.fault = fault,
		.place = place,
	};
	struct parts *p = calloc(1, sizeof *p);

	if (p == NULL)
		fatal("out of memory");
	p->sink = sink;
	p->arg = arg;
	p->mime = mime_new(options, &mime_sink, p);
	forget(p);
	return p;
}

void
parts_free(struct parts *p)
{
	if (p == NULL)
		return;
	mime_free(p->mime);
	buf_free(&p->decoded);
	free(p);
}

void
parts_header(struct parts *p, const char *text, size_t len)
{
	mime_feed(p->mime, text, len);
	mime_feed(p->mime, "\n", 1);
}

void
parts_headers_end(struct parts *p)
{
	mime_feed(p->mime, "\n", 1);
}

void
parts_body(struct parts *p, const char *data, size_t n)
{
	mime_feed(p->mime, data, n);
}

void
parts_end(struct parts *p)
{
	mime_end(p->mime);
}

/* mime.c - see mime.h.  A machine of four states and a stack of boundaries, so
 * that no message can make it recurse. */
#include "checks/mime.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "checks/tokens.h"

enum state { IN_MAIN, IN_PART, IN_NESTED, IN_BODY };
enum type { TYPE_OTHER, TYPE_TEXT, TYPE_MESSAGE, TYPE_MULTIPART };
enum subtype { SUB_OTHER, SUB_RFC822, SUB_GLOBAL, SUB_FRAGMENT };
enum encoding { ENC_7BIT, ENC_8BIT, ENC_BINARY, ENC_BASE64, ENC_QUOTED };

struct boundary {
	char *text;
	size_t len;
	bool digest; /* parts are messages unless they say otherwise */
};

struct mime {
	struct mime_options options;
	const struct mime_sink *sink;
	void *arg;
	unsigned faults;

	struct buf line;   /* a line that is not complete yet */
	bool open;         /* the last piece did not end its line */
	struct buf header; /* one that may go on; or converted text */

	enum state state;
	size_t header_offset, body_offset;
	enum type type;
	enum subtype subtype;
	enum encoding encoding, domain; /* of the present entity */
	bool typed;                     /* it has had a Content-Type: header */

	struct boundary *stack; /* the innermost one last */
	size_t depth, room;
};

/* clang-format off */
static const struct {
	const char *name;
	enum encoding encoding, domain;
} encodings[] = {
	[ENC_7BIT] =   { "7bit",             ENC_7BIT,   ENC_7BIT },
	[ENC_8BIT] =   { "8bit",             ENC_8BIT,   ENC_8BIT },
	[ENC_BINARY] = { "binary",           ENC_BINARY, ENC_BINARY },
	[ENC_BASE64] = { "base64",           ENC_BASE64, ENC_7BIT },
	[ENC_QUOTED] = { "quoted-printable", ENC_QUOTED, ENC_7BIT },
};
/* clang-format on */

unsigned
mime_faults(const struct mime *m)
{
	return m->faults;
}

static void
report(struct mime *m, enum mime_fault fault, const char *text, size_t len)
{
	if ((m->options.reports & fault) == 0 || (m->faults & fault) != 0)
		return;
	m->faults |= fault;
	m->sink->fault(m->arg, fault, text, len);
}

struct mime *
mime_new(
    const struct mime_options *options, const struct mime_sink *sink, void *arg)
{
	struct mime *m = calloc(1, sizeof *m);

	if (m == NULL)
		fatal("out of memory");
	m->options = *options;
	m->sink = sink;
	m->arg = arg;
	m->type = TYPE_TEXT;
	return m;
}

void
mime_convert(struct mime *m)
{
	m->options.convert = true;
	m->options.reports |= MIME_FAULT_NESTING;
}

static void
pop(struct mime *m)
{
	free(m->stack[--m->depth].text);
}

void
mime_free(struct mime *m)
{
	if (m == NULL)
		return;
	while (m->depth > 0)
		pop(m);
	free(m->stack);
	buf_free(&m->line);
	buf_free(&m->header);
	free(m);
}

static void
report_ambiguous(struct mime *m)
{
	report(m, MIME_FAULT_AMBIGUOUS, m->header.data, m->header.len);
}

/* Readers differ about a boundary that is empty, too long or ends with a blank,
 * and about one that begins like another. */
static void
check_boundary(struct mime *m, const char *text)
{
	size_t len = strlen(text);
	bool bad = len == 0 || len > m->options.boundary_length ||
	    text[len - 1] == ' ' || text[len - 1] == '\t';

	for (size_t i = 0; i < m->depth && !bad; i++) {
		const struct boundary *b = &m->stack[i];

		bad = strncmp(text, b->text, len < b->len ? len : b->len) == 0;
	}
	if (bad)
		report_ambiguous(m);
}

static void
push(struct mime *m, const char *text, bool digest)
{
	struct boundary *b;

	/* The outermost one is level 0, as Postfix counts. */
	if (m->depth > m->options.nesting + 1) {
		report(m, MIME_FAULT_NESTING, m->header.data, m->header.len);
		return;
	}
	if (m->depth == m->room) {
		m->room = m->room > 0 ? 2 * m->room : 4;
		m->stack = realloc(m->stack, m->room * sizeof *m->stack);
		if (m->stack == NULL)
			fatal("out of memory");
	}
	b = &m->stack[m->depth++];
	b->text = strndup(text, m->options.boundary_length);
	if (b->text == NULL)
		fatal("out of memory");
	b->len = strlen(b->text);
	b->digest = digest;
}

/* Enter a block of headers, or a body, of an entity that says nothing yet. */
static void
enter(struct mime *m, enum state state, enum type type, enum subtype subtype)
{
	m->state = state;
	if (state == IN_BODY)
		m->body_offset = 0;
	else
		m->header_offset = 0;
	m->type = type;
	m->subtype = subtype;
	m->encoding = m->domain = ENC_7BIT;
	m->typed = false;
}

static void
tell_place(struct mime *m, enum mime_place place)
{
	if (m->sink->place != NULL)
		m->sink->place(m->arg, place);
}

static void
put_header(struct mime *m, size_t len)
{
	static const enum mime_class classes[] = {
		[IN_MAIN] = MIME_MAIN,
		[IN_PART] = MIME_PART,
		[IN_NESTED] = MIME_NESTED,
	};

	m->sink->header(m->arg, classes[m->state], m->header.data,
	    m->header.len, m->header_offset);
	m->header_offset += len + 1;
}

static void
put_body(struct mime *m, const char *p, size_t n, bool ends)
{
	m->sink->body(m->arg, p, n, ends, m->body_offset);
	m->body_offset += n + 1;
}

/* The parameters of a multipart type.  Several boundaries are wrong, and one
 * way to hide a part from some readers: each is looked for. */
static void
take_boundaries(struct mime *m, struct tokens *t, bool digest)
{
	static const char extended[] = "boundary*"; /* RFC 2231 */
	unsigned count = 0;

	while (tokens_next(t)) {
		if (t->count > 0 &&
		    strncasecmp(
			t->list[0].text, extended, sizeof extended - 1) == 0)
			report_ambiguous(m);
		if (t->count < 3 || !tokens_is(t, 0, "boundary") ||
		    t->list[1].type != '=')
			continue;
		check_boundary(m, t->list[2].text);
		push(m, t->list[2].text, digest);
		count++;
	}
	if (count != 1)
		report_ambiguous(m);
}

/* "Content-Type:"; ${t} stands behind the colon. */
static void
take_type(struct mime *m, struct tokens *t)
{
	bool digest;

	if (m->typed)
		report_ambiguous(m);
	m->typed = true;
	if (!tokens_next(t) || t->count == 0)
		return;
	m->subtype = SUB_OTHER;
	if (tokens_is(t, 0, "text")) {
		m->type = TYPE_TEXT;
	} else if (tokens_is(t, 0, "message")) {
		m->type = TYPE_MESSAGE;
		if (t->count < 3 || t->list[1].type != '/')
			return;
		if (tokens_is(t, 2, "rfc822"))
			m->subtype = SUB_RFC822;
		else if (tokens_is(t, 2, "global"))
			m->subtype = SUB_GLOBAL;
		else if (tokens_is(t, 2, "partial") ||
		    tokens_is(t, 2, "external-body"))
			m->subtype = SUB_FRAGMENT;
	} else if (tokens_is(t, 0, "multipart")) {
		m->type = TYPE_MULTIPART;
		digest = t->count >= 3 && t->list[1].type == '/' &&
		    tokens_is(t, 2, "digest");
		take_boundaries(m, t, digest);
	} else {
		m->type = TYPE_OTHER;
	}
}

static void
take_encoding(struct mime *m, struct tokens *t)
{
	if (!tokens_next(t))
		return;
	for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
		if (tokens_is(t, 0, encodings[i].name)) {
			m->encoding = encodings[i].encoding;
			m->domain = encodings[i].domain;
		}
	}
}

bool
mime_is(const char *text, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && text[n] == ':' && strncasecmp(text, name, n) == 0;
}

static bool
is_named(const struct mime *m, const char *name)
{
	return mime_is(m->header.data, m->header.len, name);
}

static const char *
find_8bit(const char *p, size_t n)
{
	for (const char *end = p + n; p < end; p++)
		if (((unsigned char)*p & 0x80) != 0)
			return p;
	return NULL;
}

/* A header that was kept is complete; the line behind it has ${len} octets. */
static void
end_header(struct mime *m, size_t len)
{
	struct tokens t = { .p = m->header.data,
		.end = m->header.data + m->header.len };
	bool is_encoding = is_named(m, "Content-Transfer-Encoding");

	if (!m->options.plain && (is_encoding || is_named(m, "Content-Type"))) {
		t.p = (const char *)memchr(t.p, ':', m->header.len) + 1;
		if (is_encoding)
			take_encoding(m, &t);
		else
			take_type(m, &t);
		buf_free(&t.memory);
	}
	if ((m->options.reports & MIME_FAULT_8BIT_HEADER) != 0 &&
	    find_8bit(m->header.data, m->header.len) != NULL)
		report(
		    m, MIME_FAULT_8BIT_HEADER, m->header.data, m->header.len);
	/* If the body is going to be converted, end_headers() says how. */
	if (!is_encoding || !m->options.convert || m->domain == ENC_7BIT)
		put_header(m, len);
	buf_reset(&m->header);
	m->open = false;
}

/* Only parts that are not coded may have parts of their own. */
static void
check_encoding(struct mime *m)
{
	const char *name = encodings[m->encoding].name;
	bool wrong = false;

	if (m->type == TYPE_MESSAGE && m->subtype == SUB_FRAGMENT)
		wrong = m->domain != ENC_7BIT;
	else if (m->type == TYPE_MULTIPART ||
	    (m->type == TYPE_MESSAGE && m->subtype == SUB_RFC822))
		wrong = m->encoding != m->domain;
	if (wrong)
		report(m, MIME_FAULT_ENCODING, name, strlen(name));
}

/* The body becomes quoted-printable.  What is message/global is text then, as in
 * Postfix; other messages and multiparts are converted part by part. */
static bool
converts_text(const struct mime *m)
{
	return m->options.convert && m->domain != ENC_7BIT &&
	    m->type != TYPE_MULTIPART &&
	    (m->type != TYPE_MESSAGE || m->subtype == SUB_GLOBAL);
}

/* A block of headers ends, before a line of ${len} octets. */
static void
end_headers(struct mime *m, size_t len)
{
	if (m->options.convert && m->domain != ENC_7BIT) {
		buf_printf(&m->header, "Content-Transfer-Encoding: %s",
		    converts_text(m) ? "quoted-printable" : "7bit");
		put_header(m, len);
		buf_reset(&m->header);
	}
	if (m->state == IN_MAIN)
		m->sink->headers_end(m->arg);
	check_encoding(m);
}

/* Which state follows a block of headers that ends with the line ${p}. */
static void
leave_headers(struct mime *m, const char *p, size_t n)
{
	if (n > 0) {
		/* Not a header and not an empty line: the body begins. */
		if (m->state == IN_MAIN) {
			report(m, MIME_FAULT_NO_END, p, n);
			put_body(m, "", 0, true);
		}
		m->state = IN_BODY;
		m->body_offset = 0;
		return;
	}
	m->body_offset = 0;
	if (m->type == TYPE_MESSAGE &&
	    (m->subtype == SUB_RFC822 ||
		(m->subtype == SUB_GLOBAL && !converts_text(m))))
		enter(m, IN_NESTED, TYPE_TEXT, SUB_OTHER);
	else if (m->type == TYPE_MULTIPART)
		enter(m, IN_BODY, TYPE_OTHER, SUB_OTHER);
	else
		m->state = IN_BODY;
}

/* If ${p} is one of the boundaries, the parts within its own part end, and a
 * new part begins, or the last one ends.  More may stand behind it. */
static void
find_boundary(struct mime *m, const char *p, size_t n)
{
	const struct boundary *b;
	size_t i = m->depth;

	if (n <= 2 || p[0] != '-' || p[1] != '-')
		return;
	for (; i > 0; i--) {
		b = &m->stack[i - 1];
		if (n >= 2 + b->len && memcmp(p + 2, b->text, b->len) == 0)
			break;
	}
	if (i == 0)
		return;
	while (m->depth > i)
		pop(m);
	p += 2 + m->stack[i - 1].len;
	n -= 2 + m->stack[i - 1].len;
	if (n >= 2 && p[0] == '-' && p[1] == '-') {
		tell_place(m, MIME_IN_NOTHING);
		pop(m);
		enter(m, IN_BODY, TYPE_OTHER, SUB_OTHER);
	} else if (m->stack[i - 1].digest) {
		tell_place(m, MIME_IN_HEADERS);
		enter(m, IN_PART, TYPE_MESSAGE, SUB_RFC822);
	} else {
		tell_place(m, MIME_IN_HEADERS);
		enter(m, IN_PART, TYPE_TEXT, SUB_OTHER);
	}
}

/* Body text as quoted-printable: lines of at most 76 characters. */
static void
convert(struct mime *m, const char *p, size_t n, bool ends)
{
	struct buf *out = &m->header;
	char last = '\0';

	for (const char *end = p + n; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if (out->len > 72) {
			buf_putc(out, '=');
			put_body(m, out->data, out->len, true);
			buf_reset(out);
		}
		if ((c < 32 && c != '\t') || c == '=' || c > 126)
			buf_printf(out, "=%02X", c);
		else
			buf_putc(out, *p);
	}
	if (!ends)
		return;
	if (out->len > 0)
		last = out->data[out->len - 1];
	if (last == ' ' || last == '\t') {
		buf_cut(out, out->len - 1);
		buf_printf(out, "=%02X", (unsigned char)last);
	}
	put_body(m, buf_str(out), out->len, true);
	buf_reset(out);
}

static void
take_body(struct mime *m, const char *p, size_t n, bool ends)
{
	if ((m->options.reports & MIME_FAULT_8BIT_BODY) != 0 &&
	    m->encoding == ENC_7BIT && find_8bit(p, n) != NULL)
		report(m, MIME_FAULT_8BIT_BODY, p, n);
	if (!m->open)
		find_boundary(m, p, n);
	if (m->options.convert && m->domain != ENC_7BIT)
		convert(m, p, n, ends);
	else
		put_body(m, p, n, ends);
}

size_t
mime_name(const char *text, size_t len)
{
	size_t i = 0, n;

	while (i < len && text[i] > 32 && text[i] < 127 && text[i] != ':')
		i++;
	n = i;
	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	return i < len && text[i] == ':' ? n : 0;
}

/* True: the piece belongs to the header that is being gathered. */
static bool
continue_header(struct mime *m, const char *p, size_t n)
{
	if (m->header.len == 0 ||
	    !(m->open || (n > 0 && (*p == ' ' || *p == '\t'))))
		return false;
	if (m->header.len >= m->options.header_size) {
		report(
		    m, MIME_FAULT_LONG_HEADER, m->header.data, m->header.len);
		return true;
	}
	if (!m->open)
		buf_putc(&m->header, '\n');
	buf_put(&m->header, p, n);
	return true;
}

/* True: the piece is (the beginning of) a header.  Blanks between the name and
 * the colon, an old form, are left out. */
static bool
begin_header(struct mime *m, const char *p, size_t n)
{
	size_t name = mime_name(p, n);
	const char *colon;

	if (name == 0)
		return false;
	colon = memchr(p, ':', n);
	buf_put(&m->header, p, name);
	buf_put(&m->header, colon, n - (size_t)(colon - p));
	return true;
}

/* A line, or a piece of a long one. */
static void
take(struct mime *m, const char *p, size_t n, bool ends)
{
	if (m->state != IN_BODY && !continue_header(m, p, n)) {
		if (m->header.len > 0)
			end_header(m, n);
		if (!begin_header(m, p, n)) {
			end_headers(m, n);
			leave_headers(m, p, n);
			if (n > 0)
				tell_place(m, MIME_IN_CONTENT);
			take_body(m, p, n, ends);
			if (n == 0)
				tell_place(m,
				    m->state == IN_NESTED ? MIME_IN_HEADERS
							  : MIME_IN_CONTENT);
		}
	} else if (m->state == IN_BODY) {
		take_body(m, p, n, ends);
	}
	m->open = !ends;
}

/* As much of the next line as there is, taken from ${p}; how many octets. */
static size_t
feed_line(struct mime *m, const char *p, size_t n)
{
	const char *newline = memchr(p, '\n', n);
	size_t len = newline != NULL ? (size_t)(newline - p) : n, end;
	size_t room = m->options.line_length - m->line.len;

	if (newline != NULL && m->line.len == 0 && len <= room) {
		end = len > 0 && p[len - 1] == '\r' ? len - 1 : len;
		take(m, p, end, true);
		return len + 1;
	}
	if (len > room) {
		buf_put(&m->line, p, room);
		take(m, m->line.data, m->line.len, false);
		buf_reset(&m->line);
		return room;
	}
	buf_put(&m->line, p, len);
	if (newline == NULL)
		return len;
	end = m->line.len;
	if (end > 0 && m->line.data[end - 1] == '\r')
		end--;
	take(m, buf_str(&m->line), end, true);
	buf_reset(&m->line);
	return len + 1;
}

void
mime_feed(struct mime *m, const char *data, size_t n)
{
	size_t used;

	for (; n > 0; data += used, n -= used)
		used = feed_line(m, data, n);
}

void
mime_end(struct mime *m)
{
	if (m->line.len > 0 || m->open)
		take(m, buf_str(&m->line), m->line.len, true);
	buf_reset(&m->line);
	if (m->state != IN_BODY) {
		if (m->header.len > 0)
			end_header(m, 0);
		end_headers(m, 0);
		m->state = IN_BODY;
	}
	m->sink->body_end(m->arg);
}

/* keep.c - see keep.h. */
#include "proxy/keep.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fatal.h"

/* A header section longer than this goes on in the body, so that what is kept
 * beside the envelope stays bounded. */
enum { MOST_HEADERS = 256 * 1024 };

static bool
named(const char *text, size_t n, const char *name)
{
	return strlen(name) == n && strncasecmp(text, name, n) == 0;
}

/* Remember the "<...>" of a Message-ID: header. */
static void
take_message_id(struct keep *k, const char *text, size_t len)
{
	const char *p = memchr(text, '<', len), *end;

	if (p == NULL || k->message_id != NULL)
		return;
	end = memchr(p, '>', len - (size_t)(p - text));
	if (end == NULL)
		return;
	k->message_id = strndup(p, (size_t)(end + 1 - p));
	if (k->message_id == NULL)
		fatal("out of memory");
}

/* ${n}: the length of the name. */
static void
look(struct keep *k, const char *text, size_t len, size_t n)
{
	if (named(text, n, "Received"))
		k->hops++;
	else if (named(text, n, "Message-Id"))
		take_message_id(k, text, len);
	else if (named(text, n, "Date"))
		k->has_date = true;
	else if (named(text, n, "From"))
		k->has_from = true;
	else if (named(text, n, "To") || named(text, n, "Cc") ||
	    named(text, n, "Bcc"))
		k->has_rcpt = true;
}

static bool
dropped(const struct keep *k, const char *text, size_t n)
{
	for (const char *const *d = k->drop; *d != NULL; d++)
		if (named(text, n, *d))
			return true;
	return false;
}

/* As much of a header as may be kept: up to the line that is too much or, if
 * that would lose more than a tenth, up to the limit, as in Postfix. */
static size_t
cut(const struct keep *k, const char *text, size_t len)
{
	const char *lf;

	if (len <= k->longest)
		return len;
	lf = memrchr(text, '\n', k->longest + 1);
	if (lf != NULL && (size_t)(lf + 1 - text) * 10 > k->longest * 9)
		return (size_t)(lf - text);
	return k->longest;
}

/* The lines of a header, "\n" between them, get <CR><LF>. */
static void
put_lines(struct buf *out, const char *text, size_t len)
{
	const char *lf;

	for (; (lf = memchr(text, '\n', len)) != NULL;
	     len -= (size_t)(lf + 1 - text), text = lf + 1) {
		buf_put(out, text, (size_t)(lf - text));
		buf_put(out, "\r\n", 2);
	}
	buf_put(out, text, len);
	buf_put(out, "\r\n", 2);
}

static void
header(struct content_stage *stage, const char *text, size_t len)
{
	struct keep *k = (struct keep *)(void *)stage;
	size_t n = 0;

	while (n < len && (unsigned char)text[n] > 32 && text[n] != ':')
		n++;
	look(k, text, len, n);
	if (dropped(k, text, n))
		return;
	k->split |= k->headers.len > MOST_HEADERS;
	put_lines(k->split ? &k->body : &k->headers, text, cut(k, text, len));
}

static void
headers_end(struct content_stage *stage)
{
	struct keep *k = (struct keep *)(void *)stage;

	k->ended = true;
	if (k->split)
		buf_put(&k->body, "\r\n", 2);
}

static void
body(struct content_stage *stage, const char *data, size_t len)
{
	struct keep *k = (struct keep *)(void *)stage;

	buf_put(&k->body, data, len);
}

static void
end(struct content_stage *stage)
{
	(void)stage;
}

static const struct content_stage_ops ops = { header, headers_end, body, end,
	end };

void
keep_open(struct keep *k, struct content_verdict *verdict,
    const char *const *drop, size_t longest)
{
	*k = (struct keep){
		.stage = { &ops, NULL, verdict },
		.drop = drop,
		.longest = longest,
	};
}

void
keep_close(struct keep *k)
{
	buf_free(&k->headers);
	buf_free(&k->body);
	free(k->message_id);
	k->message_id = NULL;
}

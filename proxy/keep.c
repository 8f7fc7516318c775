/* keep.c - see keep.h. */
#include "proxy/keep.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "checks/content_verdict.h"

/* A header section longer than this goes on in the body, so that what is kept
 * beside the envelope stays bounded. */
enum { MOST_HEADERS = 256 * 1024, MOST_IDS = 10 };

static bool
named(const char *text, size_t n, const char *name)
{
	return strlen(name) == n && strncasecmp(text, name, n) == 0;
}

static void
note_id(struct keep *k, const char *text, size_t len, bool is_resent)
{
	const char *p = memchr(text, ':', len), *end = text + len;
	struct keep_id *id;

	for (p++; p < end && isspace((unsigned char)*p); p++)
		continue;
	if (k->nids++ >= MOST_IDS)
		return;
	id = arena_alloc(k->stage.verdict->arena, sizeof *id);
	id->resent = is_resent;
	id->value =
	    arena_strndup(k->stage.verdict->arena, p, (size_t)(end - p));
	*k->ids_end = id;
	k->ids_end = &id->next;
}

/* Remember the "<...>" of a Message-ID: header. */
static void
take_message_id(struct keep *k, const char *text, size_t len)
{
	const char *p = memchr(text, '<', len), *end;

	k->has_id = true;
	note_id(k, text, len, false);

	if (p == NULL || k->message_id != NULL)
		return;
	end = memchr(p, '>', len - (size_t)(p - text));
	if (end == NULL)
		return;
	k->message_id = strndup(p, (size_t)(end + 1 - p));
	if (k->message_id == NULL)
		fatal("out of memory");
}

static const char resent[] = "Resent-";

/* ${n}: the length of the rest of its name. */
static void
look_resent(struct keep *k, const char *text, size_t len, size_t n)
{
	const char *rest = text + strlen(resent);
	static const char *const others[] = { "Bcc", "Reply-To", "Sender" };

	if (named(rest, n, "Message-Id")) {
		k->resent = k->has_resent_id = true;
		note_id(k, text, len, true);
	} else if (named(rest, n, "Date"))
		k->resent = k->has_resent_date = true;
	else if (named(rest, n, "From"))
		k->resent = k->has_resent_from = true;
	else if (named(rest, n, "To") || named(rest, n, "Cc"))
		k->resent = k->has_rcpt = true;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		k->resent |= named(rest, n, others[i]);
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
	else if (named(text, n, "To") || named(text, n, "Cc"))
		k->has_rcpt = true;
	else if (n > strlen(resent) && named(text, strlen(resent), resent))
		look_resent(k, text, len, n - strlen(resent));
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
put(struct keep *k, const char *text, size_t len)
{
	k->split |= k->headers.len > MOST_HEADERS;
	put_lines(k->split ? &k->body : &k->headers, text, cut(k, text, len));
}

static void
header(struct content_stage *stage, const char *text, size_t len)
{
	struct keep *k = (struct keep *)(void *)stage;
	size_t n = 0;

	while (n < len && (unsigned char)text[n] > 32 && text[n] != ':')
		n++;
	look(k, text, len, n);
	if (!dropped(k, text, n))
		put(k, text, len);
}

static void
made(struct content_stage *stage, const char *text, size_t len)
{
	put((struct keep *)(void *)stage, text, len);
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

static const struct content_stage_ops ops = {
	.header = header,
	.made = made,
	.headers_end = headers_end,
	.body = body,
	.end = end,
	.close = end,
};

void
keep_open(struct keep *k, struct content_verdict *verdict,
    const char *const *drop, size_t longest)
{
	*k = (struct keep){
		.stage = { &ops, NULL, verdict },
		.drop = drop,
		.longest = longest,
	};
	k->ids_end = &k->ids;
}

void
keep_close(struct keep *k)
{
	buf_free(&k->headers);
	buf_free(&k->body);
	free(k->message_id);
	k->message_id = NULL;
}

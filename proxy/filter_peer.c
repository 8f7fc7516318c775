/* filter_peer.c - see filter_peer.h. */
#include "proxy/filter_peer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/stream.h"
#include "delivery/smtp_reply.h"
#include "proxy/filter_setting.h"
#include "proxy/filter_xforward.h"

static const char failed[] = "451 4.3.0 Error: queue file write error";

struct filter_peer {
	const struct filter_setting *filter;
	const struct event_by *by;
	int64_t end;
	struct stream *stream;   /* NULL: not connected */
	struct smtp_reply reply; /* code 0: there is none */
	struct buf text;         /* of filter_peer_reply() or _said() */
	struct buf trouble;      /* the last warning */
	bool in_data;            /* QUIT would be part of the message */
};

struct filter_peer *
filter_peer_new(
    const struct filter_setting *filter, const struct event_by *by, int64_t end)
{
	struct filter_peer *p = calloc(1, sizeof *p);

	if (p == NULL)
		fatal("out of memory");
	p->filter = filter;
	p->by = by;
	p->end = end;
	return p;
}

/* Nobody waits for the answer, nor for room to ask. */
static void
say_quit(struct filter_peer *p)
{
	stream_deadline(p->stream, 0);
	stream_printf(p->stream, "QUIT\r\n");
	(void)stream_flush(p->stream);
}

void
filter_peer_free(struct filter_peer *p)
{
	if (p == NULL)
		return;
	if (p->stream != NULL && !p->in_data)
		say_quit(p);
	stream_close(p->stream);
	buf_free(&p->reply.text);
	buf_free(&p->text);
	buf_free(&p->trouble);
	free(p);
}

/* Where the next warning is put together. */
static struct buf *
trouble(struct filter_peer *p)
{
	buf_reset(&p->trouble);
	return &p->trouble;
}

static void
warn(struct filter_peer *p)
{
	event_warning(p->by, "%s", buf_str(&p->trouble));
}

static int64_t
step_end(const struct filter_peer *p)
{
	int64_t when = clock_mono() + p->filter->timeout;

	return when < p->end ? when : p->end;
}

/* The conversation is over. */
static enum filter_peer_result
broken(struct filter_peer *p)
{
	stream_close(p->stream);
	p->stream = NULL;
	smtp_reply_begin(&p->reply);
	return FILTER_PEER_BROKEN;
}

static enum filter_peer_result
lost(struct filter_peer *p, enum stream_status status)
{
	buf_printf(trouble(p), "%s proxy %s",
	    status == STREAM_TIMEOUT        ? "timeout talking to"
		: status == STREAM_TOO_LONG ? "response too long from"
					    : "lost connection with",
	    p->filter->name);
	warn(p);
	return broken(p);
}

/* An answer, whatever it says. */
static enum filter_peer_result
hear(struct filter_peer *p)
{
	enum smtp_reply_status status = SMTP_REPLY_MORE;

	smtp_reply_begin(&p->reply);
	while (status == SMTP_REPLY_MORE) {
		enum stream_status got;
		char *line;
		size_t n;

		got = stream_line(p->stream, SMTP_REPLY_LINE, &line, &n);
		if (got != STREAM_OK)
			return lost(p, got);
		status = smtp_reply_line(&p->reply, line, n);
		if (status == SMTP_REPLY_BAD) {
			buf_printf(trouble(p),
			    "received garbage from proxy %s: %.100s",
			    p->filter->name, line);
			warn(p);
			return broken(p);
		}
	}
	return FILTER_PEER_DONE;
}

/* An answer to ${line}, which begins with ${want}. */
static enum filter_peer_result
expect(struct filter_peer *p, enum filter_peer_want want, const char *line)
{
	enum filter_peer_result result = hear(p);

	if (result != FILTER_PEER_DONE ||
	    p->reply.code / 100 == (unsigned)(want - '0'))
		return result;
	buf_printf(trouble(p), "proxy %s rejected \"%s\": \"%s\"",
	    p->filter->name, line, filter_peer_said(p));
	warn(p);
	/* Nobody can be told to go on when we cannot. */
	return p->reply.code < 400 ? broken(p) : FILTER_PEER_REFUSED;
}

/* A line of ours never is two, whatever the client has put into it. */
static void
put_line(struct filter_peer *p, const char *line)
{
	size_t n;

	for (; *(line += n = strcspn(line, "\r\n")) != '\0'; line++) {
		stream_put(p->stream, line - n, n);
		stream_put(p->stream, " ", 1);
	}
	stream_put(p->stream, line - n, n);
	stream_put(p->stream, "\r\n", 2);
}

enum filter_peer_result
filter_peer_ask(
    struct filter_peer *p, enum filter_peer_want want, const char *line)
{
	enum filter_peer_result result;

	if (p->stream == NULL)
		return FILTER_PEER_BROKEN;
	stream_deadline(p->stream, step_end(p));
	put_line(p, line);
	result = expect(p, want, line);
	if (result == FILTER_PEER_DONE && want == FILTER_PEER_MORE)
		p->in_data = true;
	return result;
}

/* The words behind ${keyword} in the reply to EHLO; or NULL. */
static const char *
offer(struct filter_peer *p, const char *keyword)
{
	const char *line = buf_str(&p->reply.text);
	size_t n = strlen(keyword);

	for (; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strlen(line) > 4 + n &&
		    strncasecmp(line + 4, keyword, n) == 0 &&
		    line[4 + n] == ' ')
			return line + 4 + n;
	}
	return NULL;
}

static enum filter_peer_result
tell_client(struct filter_peer *p, const struct filter_peer_client *client)
{
	const char *offered = offer(p, "XFORWARD");
	enum filter_peer_result result = FILTER_PEER_DONE;
	struct buf commands = { 0 };
	char *line, *end;

	if (offered == NULL)
		return FILTER_PEER_DONE;
	filter_xforward_print(client, offered, &commands);
	for (line = commands.data; line != NULL && result == FILTER_PEER_DONE &&
	     (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		*end = '\0';
		result = filter_peer_ask(p, FILTER_PEER_OK, line);
	}
	buf_free(&commands);
	return result;
}

static enum filter_peer_result
greet(struct filter_peer *p, const char *ehlo,
    const struct filter_peer_client *client)
{
	enum filter_peer_result result;
	struct buf line = { 0 };

	result = expect(p, FILTER_PEER_OK, "connection request");
	if (result != FILTER_PEER_DONE)
		return result;
	buf_printf(&line, "EHLO %s", ehlo);
	result = filter_peer_ask(p, FILTER_PEER_OK, buf_str(&line));
	buf_free(&line);
	return result == FILTER_PEER_DONE ? tell_client(p, client) : result;
}

enum filter_peer_result
filter_peer_greet(struct filter_peer *p, const char *ehlo,
    const struct filter_peer_client *client)
{
	enum filter_peer_result result;
	struct err err = { 0 };

	if (p->filter->endpoint == NULL) {
		buf_printf(trouble(p),
		    "connect to proxy filter %s: it is not configured well",
		    p->filter->name);
		warn(p);
		return FILTER_PEER_BROKEN;
	}
	p->stream = dial_open(p->filter->endpoint, step_end(p), &err);
	if (p->stream == NULL) {
		buf_printf(trouble(p), "connect to proxy filter %s: %s",
		    p->filter->name, err.text);
		warn(p);
		return FILTER_PEER_BROKEN;
	}
	result = greet(p, ehlo, client);
	if (result != FILTER_PEER_REFUSED)
		return result;
	say_quit(p);
	return broken(p);
}

void
filter_peer_put(struct filter_peer *p, const char *data, size_t n)
{
	if (p->stream == NULL || n == 0)
		return;
	stream_deadline(p->stream, step_end(p));
	stream_put(p->stream, data, n);
}

enum filter_peer_result
filter_peer_end(struct filter_peer *p)
{
	enum filter_peer_result result;

	if (p->stream == NULL)
		return FILTER_PEER_BROKEN;
	stream_deadline(p->stream, p->end < INT64_MAX ? p->end : step_end(p));
	stream_put(p->stream, ".\r\n", 3);
	if (stream_flush(p->stream) != STREAM_OK)
		return lost(p, STREAM_EOF);
	result = hear(p);
	if (result != FILTER_PEER_DONE)
		return result;
	p->in_data = false;
	if (p->reply.code < 300)
		return FILTER_PEER_DONE;
	return p->reply.code < 400 ? broken(p) : FILTER_PEER_REFUSED;
}

const char *
filter_peer_trouble(struct filter_peer *p)
{
	return buf_str(&p->trouble);
}

static bool
answered(const struct filter_peer *p)
{
	return p->reply.code != 0;
}

const char *
filter_peer_reply(struct filter_peer *p)
{
	const char *line = buf_str(&p->reply.text);

	if (!answered(p))
		return failed;
	buf_reset(&p->text);
	buf_printf(&p->text, "%u", p->reply.code);
	/* "NNN-words" of each line becomes "words". */
	for (char before = ' '; line != NULL; before = '\n') {
		size_t n = strcspn(line, "\n");

		buf_putc(&p->text, before);
		if (n > 4)
			buf_put(&p->text, line + 4, n - 4);
		line = line[n] == '\n' ? line + n + 1 : NULL;
	}
	return buf_str(&p->text);
}

const char *
filter_peer_said(struct filter_peer *p)
{
	const char *text = buf_str(&p->reply.text);

	if (!answered(p))
		return failed;
	buf_reset(&p->text);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_putc(&p->text, '\r');
		buf_putc(&p->text, *text);
	}
	return buf_str(&p->text);
}

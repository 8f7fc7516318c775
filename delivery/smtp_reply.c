/* smtp_reply.c - see smtp_reply.h. */
#include "delivery/smtp_reply.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One to three digits. */
static size_t
number(const char *p)
{
	size_t n = 0;

	while (n < 3 && is_digit(p[n]))
		n++;
	return is_digit(p[n]) ? 0 : n;
}

size_t
smtp_reply_dsn(const char *text)
{
	size_t subject, detail;

	if (text[0] != '2' && text[0] != '4' && text[0] != '5')
		return 0;
	if (text[1] != '.' || (subject = number(text + 2)) == 0 ||
	    text[2 + subject] != '.' ||
	    (detail = number(text + 3 + subject)) == 0)
		return 0;
	subject += 3 + detail;
	return text[subject] == '\0' || text[subject] == ' ' ? subject : 0;
}

void
smtp_reply_begin(struct smtp_reply *reply)
{
	reply->code = 0;
	reply->dsn[0] = '\0';
	reply->lines = 0;
	buf_reset(&reply->text);
}

/* Keep a line, made harmless.  What is too much is dropped, not refused: the
 * code of the last line counts. */
static void
keep(struct smtp_reply *reply, const char *line, size_t n)
{
	struct buf *b = &reply->text;
	size_t start;

	if (b->len + n + 1 > SMTP_REPLY_TEXT)
		return;
	if (b->len > 0)
		buf_putc(b, '\n');
	start = b->len;
	buf_put(b, line, n);
	for (size_t i = start; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		if (c < 32 || c == 127)
			b->data[i] = '?';
	}
}

/* The status of the whole reply stands in its last line. */
static void
conclude(struct smtp_reply *reply, const char *line)
{
	size_t n = line[3] == ' ' ? smtp_reply_dsn(line + 4) : 0;

	if (n > 0 && n < sizeof reply->dsn && line[4] == line[0]) {
		memcpy(reply->dsn, line + 4, n);
		reply->dsn[n] = '\0';
	} else if (line[0] != '3') {
		(void)snprintf(
		    reply->dsn, sizeof reply->dsn, "%c.0.0", line[0]);
	}
}

enum smtp_reply_status
smtp_reply_line(struct smtp_reply *reply, const char *line, size_t n)
{
	char head[32] = { 0 };
	unsigned code;

	if (++reply->lines > SMTP_REPLY_LINES || n > SMTP_REPLY_LINE)
		return SMTP_REPLY_BAD;
	/* A copy with an end, because the line may have NULs in it. */
	memcpy(head, line, n < sizeof head - 1 ? n : sizeof head - 1);
	if (!is_digit(head[0]) || !is_digit(head[1]) || !is_digit(head[2]) ||
	    (head[3] != '-' && head[3] != ' ' && n != 3))
		return SMTP_REPLY_BAD;
	code = (unsigned)((head[0] - '0') * 100 + (head[1] - '0') * 10 +
	    (head[2] - '0'));
	if (code < 200 || code > 599)
		return SMTP_REPLY_BAD;
	keep(reply, line, n);
	if (head[3] == '-')
		return SMTP_REPLY_MORE;
	reply->code = code;
	conclude(reply, head);
	return SMTP_REPLY_DONE;
}

void
smtp_reply_flat(const struct smtp_reply *reply, struct buf *out)
{
	size_t start = out->len;

	buf_puts(out, buf_str(&reply->text));
	for (size_t i = start; i < out->len; i++)
		if (out->data[i] == '\n')
			out->data[i] = ' ';
}

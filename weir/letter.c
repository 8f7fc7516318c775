/* letter.c - see letter.h. */
#include "weir/letter.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/spool.h"
#include "rules/address.h"
#include "weir/intake_line.h"

enum { PIECE = 32 * 1024, MOST_COMMANDS = 64 * 1024 * 1024 };

static void
put_path(struct letter *l, const char *command, const char *address)
{
	struct arena *arena = arena_new();

	buf_printf(
	    &l->commands, "%s:<%s>", command, address_external(arena, address));
	arena_free(arena);
}

void
letter_sender(struct letter *l, const char *sender)
{
	put_path(l, "MAIL FROM", sender);
}

void
letter_recipient(struct letter *l, const char *address)
{
	put_path(l, "RCPT TO", address);
}

void
letter_parameter(struct letter *l, const char *name, const char *text)
{
	buf_printf(&l->commands, " %s", name);
	if (text == NULL)
		return;
	buf_putc(&l->commands, '=');
	for (; *text != '\0'; text++)
		if (*text > 32 && *text < 127 && *text != '+' && *text != '=')
			buf_putc(&l->commands, *text);
		else
			buf_printf(&l->commands, "+%02X", (unsigned char)*text);
}

void
letter_line(struct letter *l)
{
	buf_puts(&l->commands, "\r\n");
}

void
letter_data(struct letter *l)
{
	buf_puts(&l->commands, "DATA\r\n");
}

void
letter_free(struct letter *l)
{
	buf_free(&l->commands);
	spool_free(l->content);
	l->content = NULL;
}

/* What is known of a file so far. */
struct reading {
	struct letter *letter;
	size_t line;     /* where the last line of the commands begins */
	unsigned rcpts;  /* how many */
	bool in_content; /* behind DATA */
	enum { START, DOT, TEXT } state; /* of a line of the content */
	bool ended;
};

static bool
begins(const char *line, size_t n, const char *with)
{
	size_t len = strlen(with);

	return n >= len && strncasecmp(line, with, len) == 0;
}

/* A line of the commands, with its end. */
static bool
take_command(struct reading *r)
{
	const struct buf *b = &r->letter->commands;
	const char *line = b->data + r->line;
	size_t n = b->len - r->line;
	bool first = r->line == 0;

	if (n < 2 || line[n - 2] != '\r' || memchr(line, '\0', n) != NULL)
		return false;
	r->line = b->len;
	if (first)
		return begins(line, n, "MAIL FROM:");
	if (r->rcpts > 0 && n == 6 && begins(line, n, "DATA"))
		return r->in_content = true;
	r->rcpts++;
	return begins(line, n, "RCPT TO:");
}

/* One octet of the content: is it the end, as any server sees it? */
static bool
take_octet(struct reading *r, char c)
{
	if (r->ended)
		return false;
	if (c == '\n') {
		r->ended = r->state == DOT;
		r->state = START;
	} else if (c == '.' && r->state == START) {
		r->state = DOT;
	} else if (c != '\r' || r->state == START) {
		r->state = TEXT;
	}
	return true;
}

/* False: this is no letter. */
static int
take(struct reading *r, const char *p, size_t n, struct err *err)
{
	struct buf *commands = &r->letter->commands;
	size_t i = 0;

	while (i < n && !r->in_content) {
		buf_putc(commands, p[i]);
		if (p[i++] == '\n' && !take_command(r))
			goto bad;
		if (commands->len > MOST_COMMANDS)
			goto bad;
	}
	for (size_t k = i; k < n; k++)
		if (!take_octet(r, p[k]))
			goto bad;
	return i < n ? spool_put(r->letter->content, p + i, n - i, err) : 0;
bad:
	err_set(err, "malformed");
	return -1;
}

int
letter_read(struct letter *l, int fd, size_t most, struct err *err)
{
	struct reading r = { .letter = l };
	char piece[PIECE];
	size_t all = 0;
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_set(err, "%s", err_errno(errno));
			return -1;
		}
		all += (size_t)n;
		if (all > most) {
			err_set(err, "too large");
			return -1;
		}
		if (take(&r, piece, (size_t)n, err) != 0)
			return -1;
	}
	if (r.ended)
		return 0;
	err_set(err, "not complete");
	return -1;
}

static int
write_all(int fd, const char *p, size_t n, struct err *err)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			err_set(err, "%s", err_errno(errno));
			return -1;
		}
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

int
letter_write(const struct letter *l, int fd, struct err *err)
{
	char piece[PIECE];
	uint64_t at = 0;
	ssize_t n;

	if (write_all(fd, l->commands.data, l->commands.len, err) != 0)
		return -1;
	while ((n = spool_get(l->content, at, piece, sizeof piece, err)) > 0) {
		if (write_all(fd, piece, (size_t)n, err) != 0)
			return -1;
		at += (uint64_t)n;
	}
	return (int)n;
}

/* The reply, for people: without its codes. */
static enum letter_fate
fate(const struct intake_line *line, int code, char *text)
{
	const char *p = line->reply + 3;
	size_t n;

	if (code == 0) {
		(void)snprintf(text, LETTER_TEXT, "the mail system is busy");
		return LETTER_LATER;
	}
	p += strspn(p, " ");
	n = strspn(p, "0123456789.");
	if (n >= 5 && p[n] == ' ')
		p += n + 1;
	(void)snprintf(text, LETTER_TEXT, "%s", p);
	return code / 100 == 2 || code == 354 ? LETTER_TAKEN
	    : code == 521                     ? LETTER_BARRED
	    : code / 100 == 5                 ? LETTER_REFUSED
					      : LETTER_LATER;
}

static enum letter_fate
say_commands(const struct letter *l, struct intake_line *line, char *text)
{
	const char *p = l->commands.data, *end = p + l->commands.len;
	enum letter_fate f = fate(line, intake_line_get(line), text);

	while (f == LETTER_TAKEN && p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((lf != NULL ? lf + 1 : end) - p);

		if (!intake_line_put(line, p, n))
			return fate(line, 0, text);
		f = fate(line, intake_line_get(line), text);
		p += n;
	}
	return f;
}

static enum letter_fate
send_content(const struct letter *l, struct intake_line *line, char *text)
{
	char piece[PIECE];
	struct err err = { 0 };
	uint64_t at = 0;
	ssize_t n;

	while ((n = spool_get(l->content, at, piece, sizeof piece, &err)) > 0) {
		if (!intake_line_put(line, piece, (size_t)n))
			return fate(line, 0, text);
		at += (uint64_t)n;
	}
	if (n == 0)
		return fate(line, intake_line_get(line), text);
	(void)snprintf(text, LETTER_TEXT, "%s", err.text);
	return LETTER_LATER;
}

enum letter_fate
letter_send(const struct letter *l, const char *path, char *text)
{
	struct intake_line line;
	struct err err = { 0 };
	enum letter_fate f;

	if (intake_line_open(&line, path, &err) != 0) {
		(void)snprintf(text, LETTER_TEXT, "%s", err.text);
		return LETTER_LATER;
	}
	f = say_commands(l, &line, text);
	if (f == LETTER_TAKEN)
		f = send_content(l, &line, text);
	intake_line_close(&line);
	return f;
}

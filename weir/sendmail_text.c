/* sendmail_text.c - see sendmail_text.h. */
#include "weir/sendmail_text.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/spool.h"
#include "checks/mime.h"
#include "rules/rfc822.h"

void
sendmail_text_add(
    struct arena *arena, const char *address, struct sendmail_text_list *list)
{
	const char **more;

	if (list->count == list->room) {
		list->room = list->room == 0 ? 8 : 2 * list->room;
		more = arena_alloc(arena, list->room * sizeof *more);
		if (list->count > 0)
			memcpy(more, list->items, list->count * sizeof *more);
		list->items = more;
	}
	list->items[list->count++] = address;
}

void
sendmail_text_addresses(
    struct arena *arena, const char *text, struct sendmail_text_list *list)
{
	struct rfc822 row = rfc822_parse(arena, text);

	for (size_t i = 0; i < row.count; i++)
		if (row.tokens[i].kind == RFC822_ADDRESS)
			sendmail_text_add(arena,
			    rfc822_internal(arena, *row.tokens[i].inner), list);
}

static bool
named(const char *text, size_t n, const char *name)
{
	return strlen(name) == n && strncasecmp(text, name, n) == 0;
}

/* A header is complete. */
static void
end_header(struct sendmail_text *t)
{
	const char *text = buf_str(&t->header), *value;
	bool resent = strncasecmp(text, "Resent-", 7) == 0;
	size_t at = resent ? 7 : 0, n = at;

	while ((unsigned char)text[n] > 32 && text[n] != ':')
		n++;
	value = strchr(text + n, ':');
	if (value != NULL &&
	    (named(text + at, n - at, "To") || named(text + at, n - at, "Cc") ||
		named(text + at, n - at, "Bcc")))
		sendmail_text_addresses(
		    t->arena, value + 1, resent ? &t->resent : &t->recipients);
	buf_reset(&t->header);
}

static void
put_header(struct sendmail_text *t, const char *line, size_t n)
{
	size_t room = t->most_header - t->header.len;

	if (n > 0)
		buf_put(&t->header, line, n < room ? n : room);
}

/* A line, or a piece of one, as far as recipients go. */
static void
look(struct sendmail_text *t, const char *line, size_t n)
{
	bool blank = n > 0 && (line[0] == ' ' || line[0] == '\t');

	if (t->continued || (blank && t->header.len > 0)) {
		if (t->header.len > 0)
			put_header(t, line, n);
		return;
	}
	end_header(t);
	if (mime_name(line, n) > 0)
		put_header(t, line, n);
	else
		t->in_body = true;
}

/* "From " and ">From " before the message are of a mailbox. */
static bool
is_of_mailbox(const char *line, size_t n)
{
	size_t quotes = 0;

	while (quotes < n && line[quotes] == '>')
		quotes++;
	return n >= quotes + 5 && memcmp(line + quotes, "From ", 5) == 0;
}

static int
put(struct sendmail_text *t, const char *line, size_t n, bool ends,
    struct err *err)
{
	struct buf out = { 0 };
	int r;

	if (!t->continued && n > 0 && line[0] == '.')
		buf_putc(&out, '.');
	if (n > 0)
		buf_put(&out, line, n);
	if (ends)
		buf_puts(&out, "\r\n");
	t->size += out.len;
	r = spool_put(t->out, out.data, out.len, err);
	buf_free(&out);
	return r;
}

/* A line without its end, or a piece of one. */
static enum sendmail_text_status
take_line(struct sendmail_text *t, size_t n, bool ends, struct err *err)
{
	const char *line = t->line.data;

	if (!t->begun && is_of_mailbox(line, n) && ends)
		return SENDMAIL_TEXT_MORE;
	if (!t->begun && t->cr == SENDMAIL_TEXT_FIRST)
		t->cr = ends && n > 0 && line[n - 1] == '\r'
		    ? SENDMAIL_TEXT_DROP
		    : SENDMAIL_TEXT_KEEP;
	t->begun = true;
	while (
	    ends && t->cr == SENDMAIL_TEXT_DROP && n > 0 && line[n - 1] == '\r')
		n--;
	if (t->dot && !t->continued && ends && n == 1 && line[0] == '.') {
		t->ended = true;
		return SENDMAIL_TEXT_END;
	}
	if (t->addresses && !t->in_body)
		look(t, line, n);
	if (put(t, line, n, ends, err) != 0)
		return SENDMAIL_TEXT_FAILED;
	t->continued = !ends;
	return t->most > 0 && t->size > t->most ? SENDMAIL_TEXT_LARGE
						: SENDMAIL_TEXT_MORE;
}

/* The line that was gathered is longer than what is taken at once; but <CR>s
 * may be part of its end. */
static enum sendmail_text_status
take_piece(struct sendmail_text *t, struct err *err)
{
	enum sendmail_text_status status;
	size_t n = t->most_line;

	while (n > 0 && t->line.data[n - 1] == '\r')
		n--;
	if (n == 0)
		n = t->most_line;
	status = take_line(t, n, false, err);
	buf_drop(&t->line, n);
	return status;
}

enum sendmail_text_status
sendmail_text_take(
    struct sendmail_text *t, const char *data, size_t n, struct err *err)
{
	enum sendmail_text_status status =
	    t->ended ? SENDMAIL_TEXT_END : SENDMAIL_TEXT_MORE;

	while (n > 0 && status == SENDMAIL_TEXT_MORE) {
		const char *lf = memchr(data, '\n', n);
		size_t some = lf != NULL ? (size_t)(lf - data) : n;

		if (some > t->most_line + 1 - t->line.len)
			some = t->most_line + 1 - t->line.len;
		buf_put(&t->line, data, some);
		data += some;
		n -= some;
		if (t->line.len > t->most_line) {
			status = take_piece(t, err);
		} else if (n > 0 && *data == '\n') {
			status = take_line(t, t->line.len, true, err);
			buf_reset(&t->line);
			data++;
			n--;
		}
	}
	return status;
}

enum sendmail_text_status
sendmail_text_finish(struct sendmail_text *t, struct err *err)
{
	enum sendmail_text_status status = SENDMAIL_TEXT_MORE;

	if (!t->ended && (t->line.len > 0 || t->continued)) {
		status = take_line(t, t->line.len, true, err);
		buf_reset(&t->line);
	}
	if (status == SENDMAIL_TEXT_LARGE || status == SENDMAIL_TEXT_FAILED)
		return status;
	end_header(t);
	if (spool_put(t->out, ".\r\n", 3, err) != 0)
		return SENDMAIL_TEXT_FAILED;
	return SENDMAIL_TEXT_END;
}

void
sendmail_text_free(struct sendmail_text *t)
{
	buf_free(&t->line);
	buf_free(&t->header);
}

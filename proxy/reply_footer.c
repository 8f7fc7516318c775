/* reply_footer.c - see reply_footer.h. */
#include "proxy/reply_footer.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/macro.h"
#include "checks/status_code.h"
#include "proxy/reply.h"

/* The last line of a reply. */
struct last {
	size_t at;  /* in the output */
	size_t end; /* of its text, without <CR><LF> */
	bool ended; /* there was one */
	char code[4];
	char dsn[16]; /* with a blank behind it; or "" */
};

static bool
is_line(const char *s)
{
	return isdigit((unsigned char)s[0]) && isdigit((unsigned char)s[1]) &&
	    isdigit((unsigned char)s[2]) && (s[3] == ' ' || s[3] == '-');
}

static bool
find_last(const struct buf *out, size_t from, struct last *last)
{
	const char *all = buf_str(out), *line = all + from, *end;
	size_t n;

	memset(last, 0, sizeof *last);
	for (;;) {
		if (!is_line(line))
			return false;
		end = strstr(line, "\r\n");
		if (end == NULL || end[2] == '\0')
			break;
		line = end + 2;
	}
	last->at = (size_t)(line - all);
	last->ended = end != NULL;
	last->end = end != NULL ? (size_t)(end - all) : out->len;
	memcpy(last->code, line, 3);
	n = status_code_length(line + 4);
	if (n > 0 && n + 1 < sizeof last->dsn) {
		memcpy(last->dsn, line + 4, n);
		last->dsn[n] = ' ';
	}
	return true;
}

/* Expand ${template} into ${text}, its lines ended by a line feed: "\n" in the
 * template itself, never in a value, begins one. */
static int
expand(struct buf *text, const char *template, const struct macro *macro,
    struct err *err)
{
	const char *end;
	struct buf piece = { 0 };
	int status = 0;

	for (; template != NULL && (status & MACRO_BAD) == 0;
	     template = end != NULL ? end + 2 : NULL) {
		end = strstr(template, "\\n");
		buf_reset(&piece);
		buf_put(&piece, template,
		    end != NULL ? (size_t)(end - template) : strlen(template));
		status = macro_expand(macro, buf_str(&piece), text, err);
		buf_putc(text, '\n');
	}
	buf_free(&piece);
	return status & MACRO_BAD;
}

/* Replace the last line of ${out} by its own text and the lines of ${text}. */
static void
append(struct buf *out, const struct last *last, const char *text, bool join)
{
	struct buf line = { 0 };
	const char *end;

	buf_put(&line, out->data + last->at + 4, last->end - last->at - 4);
	buf_cut(out, last->at);
	if (!join)
		reply_line(out, last->code, '-', buf_str(&line));
	for (; *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		if (!join) {
			buf_reset(&line);
			buf_puts(&line, last->dsn);
		}
		join = false;
		buf_put(&line, text, (size_t)(end - text));
		reply_line(out, last->code, end[1] != '\0' ? '-' : ' ',
		    buf_str(&line));
	}
	buf_free(&line);
}

enum reply_footer_result
reply_footer_add(struct buf *out, size_t from, const char *template,
    const struct macro *macro, struct err *err)
{
	struct last last;
	struct buf text = { 0 };
	bool join = strncmp(template, "\\c", 2) == 0;

	if (!find_last(out, from, &last))
		return REPLY_FOOTER_BAD_REPLY;
	if (expand(&text, join ? template + 2 : template, macro, err) != 0) {
		buf_free(&text);
		return REPLY_FOOTER_BAD_MACRO;
	}
	append(out, &last, buf_str(&text), join);
	if (!last.ended)
		buf_cut(out, out->len - 2);
	buf_free(&text);
	return REPLY_FOOTER_OK;
}

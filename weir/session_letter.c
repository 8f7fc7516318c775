/* session_letter.c - see session_letter.h. */
#include "weir/session_letter.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "checks/mime.h"
#include "policy/milterd_message.h"
#include "weir/mail_source.h"

struct reading {
	struct milterd_message *message;
	struct buf header; /* the last one, folded lines behind "\n" */
	bool in_line;      /* what comes next belongs to the same line */
	bool in_body;
};

static void
end_header(struct reading *r)
{
	char *text, *colon;

	if (r->header.len == 0)
		return;
	buf_putc(&r->header, '\0');
	text = r->header.data;
	colon = strchr(text, ':');
	*colon = '\0';
	milterd_message_header(r->message, text, colon + 1);
	buf_reset(&r->header);
}

/* A line of the headers, or its beginning; false: it is not. */
static bool
take_header(struct reading *r, const char *data, size_t n)
{
	bool more = r->in_line ||
	    (r->header.len > 0 && n > 0 && (*data == ' ' || *data == '\t'));

	if (more && !r->in_line)
		buf_putc(&r->header, '\n');
	if (!more) {
		end_header(r);
		if (mime_name(data, n) == 0)
			return false;
	}
	buf_put(&r->header, data, n);
	return true;
}

static void
take(struct reading *r, const char *data, size_t n)
{
	bool ends = n > 0 && data[n - 1] == '\n';
	bool begins = !r->in_line;

	n -= ends;
	n -= ends && n > 0 && data[n - 1] == '\r';
	if (!r->in_body && !take_header(r, data, n)) {
		r->in_body = true;
		/* The line between is of neither. */
		if (begins && n == 0)
			return;
	}
	r->in_line = !ends;
	if (!r->in_body)
		return;
	milterd_message_body(r->message, data, n);
	if (ends)
		milterd_message_body(r->message, "\r\n", 2);
}

int
session_letter_read(
    const char *path, struct milterd_message *m, struct err *err)
{
	struct reading r = { .message = m };
	struct arena *arena = arena_new();
	char *name = arena_strdup(arena, path);
	struct mail_source *source = mail_source_open(&name, 1, err);
	bool found = source != NULL &&
	    mail_source_next(source, err) == MAIL_SOURCE_MESSAGE;
	const char *data;
	size_t n;

	while (found && (data = mail_source_read(source, &n)) != NULL)
		take(&r, data, n);
	end_header(&r);
	if (source != NULL)
		mail_source_close(source);
	if (!found && err->text[0] == '\0')
		err_set(err, "%s: no message", path);
	buf_free(&r.header);
	arena_free(arena);
	return found ? 0 : -1;
}

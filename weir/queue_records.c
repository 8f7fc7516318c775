/* queue_records.c - see queue_records.h. */
#include "weir/queue_records.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

enum { MOST_SHIFT = 28, GROUP = 7, FLAGS = 15, FIRST_ROOM = 8 };

/* Which types may stand where. */
static const char *const types[] = {
	[QUEUE_RECORDS_ENVELOPE] = "AFVSRM",
	[QUEUE_RECORDS_CONTENT] = "NLX",
	[QUEUE_RECORDS_EXTRACTED] = "ARE",
};

static enum queue_records_status
bad(struct err *err, const char *what)
{
	err_set(err, "%s", what);
	return QUEUE_RECORDS_BAD;
}

/* The value of an attribute with this name, or NULL. */
static const char *
value_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	return strncmp(text, name, n) == 0 && text[n] == '=' ? text + n + 1
							     : NULL;
}

/* One of a set of flags; false: it is none. */
static bool
take_flags(const char *value, unsigned most, unsigned *flags)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || n > most)
		return false;
	*flags = (unsigned)n;
	return true;
}

static bool
take_trace(struct queue_records *r, const char *value)
{
	unsigned flags;

	if (!take_flags(value, 0xffff, &flags) ||
	    (flags != QUEUE_RECORDS_VERIFY && flags != QUEUE_RECORDS_REPORT))
		return false;
	r->trace = flags;
	return true;
}

static bool
take_word(struct queue_records *r, const char *text)
{
	if (strcmp(text, "encoding=8bit") == 0)
		r->body = "8BITMIME";
	else if (strcmp(text, "encoding=7bit") == 0)
		r->body = "7BIT";
	else if (strcmp(text, "rewrite_context=remote") == 0)
		r->remote = true;
	else if (strcmp(text, "rewrite_context=local") == 0)
		r->remote = false;
	else
		return false;
	return true;
}

static void
take_attribute(struct queue_records *r, const char *text)
{
	const char *value;
	bool known = true;

	if (strchr(text, '=') == NULL) {
		r->warn("ignoring malformed record: missing '=' after "
			"attribute name",
		    text);
		return;
	}
	if ((value = value_of(text, "envelope_id")) != NULL)
		r->envid = value;
	else if ((value = value_of(text, "dsn_orig_rcpt")) != NULL)
		r->next.orcpt = value;
	else if ((value = value_of(text, "notify_flags")) != NULL)
		known = take_flags(value, FLAGS, &r->next.notify);
	else if ((value = value_of(text, "ret_flags")) != NULL)
		known = take_flags(value, 2, &r->ret);
	else if ((value = value_of(text, "trace_flags")) != NULL)
		known = take_trace(r, value);
	else if (value_of(text, "create_time") == NULL)
		known = take_word(r, text);
	if (!known)
		r->warn("ignoring attribute record", text);
}

static void
take_recipient(struct queue_records *r, const char *address)
{
	struct queue_records_rcpt *wider;

	if (r->count == r->room) {
		r->room = r->room > 0 ? r->room * 2 : FIRST_ROOM;
		wider = arena_alloc(r->arena, r->room * sizeof *wider);
		if (r->count > 0)
			memcpy(wider, r->rcpts, r->count * sizeof *wider);
		r->rcpts = wider;
	}
	r->next.address = address;
	r->rcpts[r->count++] = r->next;
	r->next = (struct queue_records_rcpt){ 0 };
}

static enum queue_records_status
take_content(struct queue_records *r, struct err *err)
{
	enum sendmail_text_status status;

	if (r->type == 'N')
		buf_putc(&r->data, '\n');
	status = sendmail_text_take(&r->text, r->data.data, r->data.len, err);
	if (r->type == 'X' && status == SENDMAIL_TEXT_MORE) {
		r->part = QUEUE_RECORDS_EXTRACTED;
		status = sendmail_text_finish(&r->text, err);
	}
	if (status == SENDMAIL_TEXT_LARGE)
		return QUEUE_RECORDS_LARGE;
	return status == SENDMAIL_TEXT_FAILED ? QUEUE_RECORDS_FAILED
					      : QUEUE_RECORDS_MORE;
}

/* Addresses become commands, and no text may end before its end. */
static bool
is_text(const struct queue_records *r)
{
	bool address = r->type == 'S' || r->type == 'R';

	for (size_t i = 0; i < r->data.len; i++) {
		unsigned char c = (unsigned char)r->data.data[i];

		if (c == '\0' || (address && (c < ' ' || c == 127)))
			return false;
	}
	return true;
}

/* The record is whole. */
static enum queue_records_status
take_record(struct queue_records *r, struct err *err)
{
	const char *text;

	if (r->part == QUEUE_RECORDS_CONTENT)
		return take_content(r, err);
	if (!is_text(r))
		return bad(err, "malformed input");
	text = arena_strndup(r->arena, buf_str(&r->data), r->data.len);
	switch (r->type) {
	case 'A':
		take_attribute(r, text);
		break;
	case 'F':
		r->full_name = text;
		break;
	case 'V':
		r->verp = text;
		break;
	case 'S':
		r->sender = text;
		break;
	case 'R':
		take_recipient(r, text);
		break;
	case 'M':
		r->part = QUEUE_RECORDS_CONTENT;
		break;
	default:
		return QUEUE_RECORDS_END;
	}
	return QUEUE_RECORDS_MORE;
}

static void
take_type(struct queue_records *r, unsigned char type)
{
	r->type = type;
	r->left = 0;
	r->shift = 0;
	buf_reset(&r->data);
	r->state = QUEUE_RECORDS_LENGTH;
}

static enum queue_records_status
take_length(struct queue_records *r, unsigned char group, struct err *err)
{
	if (r->shift > MOST_SHIFT)
		return bad(err, "malformed input");
	r->left |= (size_t)(group & 127) << r->shift;
	r->shift += GROUP;
	if ((group & 128) != 0)
		return QUEUE_RECORDS_MORE;
	if (r->left > r->most)
		return bad(err, "malformed input");
	r->state = QUEUE_RECORDS_DATA;
	if (r->type == '\0' || strchr(types[r->part], r->type) == NULL) {
		err_set(err, "unexpected record type: %d", r->type);
		return QUEUE_RECORDS_BAD;
	}
	return QUEUE_RECORDS_MORE;
}

enum queue_records_status
queue_records_take(
    struct queue_records *r, const char *data, size_t n, struct err *err)
{
	enum queue_records_status status = QUEUE_RECORDS_MORE;
	size_t i = 0, some;

	while (status == QUEUE_RECORDS_MORE) {
		if (r->state == QUEUE_RECORDS_DATA && r->left == 0) {
			r->state = QUEUE_RECORDS_TYPE;
			status = take_record(r, err);
			continue;
		}
		if (i == n)
			break;
		if (r->state == QUEUE_RECORDS_DATA) {
			some = r->left < n - i ? r->left : n - i;
			buf_put(&r->data, data + i, some);
			r->left -= some;
			i += some;
		} else if (r->state == QUEUE_RECORDS_TYPE) {
			take_type(r, (unsigned char)data[i++]);
		} else {
			status = take_length(r, (unsigned char)data[i++], err);
		}
	}
	return status;
}

bool
queue_records_between(const struct queue_records *r)
{
	return r->state == QUEUE_RECORDS_TYPE;
}

void
queue_records_free(struct queue_records *r)
{
	buf_free(&r->data);
	sendmail_text_free(&r->text);
}

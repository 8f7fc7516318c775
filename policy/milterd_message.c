/* milterd_message.c - see milterd_message.h. */
#include "policy/milterd_message.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/spool.h"
#include "checks/mime.h"
#include "checks/subject.h"
#include "classes/recipient_content.h"
#include "policy/milterd_door.h"

/* What has more headers is no mail; an MTA has limits of its own. */
enum { MOST_HEADERS = 10000 };

static struct milterd_message *
of(struct content_stage *stage)
{
	return (struct milterd_message *)(void *)stage;
}

/* What comes of a header. */
static void
take_header(struct content_stage *stage, const char *text, size_t len)
{
	struct milterd_message *m = of(stage);

	buf_put(&m->made, text, len);
	buf_putc(&m->made, '\0');
}

static void
nothing(struct content_stage *stage)
{
	(void)stage;
}

static void
keep(struct milterd_message *m, const char *data, size_t len)
{
	struct err err = { 0 };

	if (m->body == NULL || m->lost)
		return;
	if (spool_put(m->body, data, len, &err) != 0) {
		event_warning(
		    NULL, "milter: the body of a message: %s", err.text);
		m->lost = true;
	}
}

static void
take_body(struct content_stage *stage, const char *data, size_t len)
{
	struct milterd_message *m = of(stage);

	keep(m, data, len);
	if (m->changed || m->body == NULL)
		return;
	if (m->pending.len < len || memcmp(m->pending.data, data, len) != 0) {
		m->changed = true;
		buf_free(&m->pending);
		return;
	}
	buf_drop(&m->pending, len);
}

void
milterd_message_open(struct milterd_message *m, const struct milterd_door *door,
    const struct subject *subject, struct arena *arena)
{
	static const struct content_stage_ops ops = {
		.header = take_header,
		.headers_end = nothing,
		.body = take_body,
		.end = nothing,
		.close = nothing,
	};

	*m = (struct milterd_message){
		.door = door,
		.last = { .ops = &ops, .verdict = &m->verdict },
	};
	content_verdict_begin(&m->verdict, arena);
	if (door->tables.classes != NULL)
		m->recipients = recipient_content_new(
		    door->tables.classes, subject, &m->verdict, arena);
	if (door->edits_body)
		m->body = spool_new(door->spool);
}

unsigned
milterd_message_add(
    struct milterd_message *m, const char *address, const char *classes)
{
	return m->recipients != NULL
	    ? recipient_content_add(m->recipients, address, classes)
	    : 0;
}

void
milterd_message_begin(struct milterd_message *m, const struct subject *subject)
{
	m->first = content_stack_open(
	    &m->stack, &m->door->tables, subject, m->recipients, &m->last);
}

/* One more header with the name of ${text}; its number among them. */
static unsigned
count_name(struct milterd_message *m, const char *name)
{
	struct arena *arena = m->verdict.arena;
	char *key = arena_lower(arena, name);
	unsigned *count = strmap_find(&m->names, key);

	if (count == NULL) {
		count = arena_alloc(arena, sizeof *count);
		*count = 0;
		(void)strmap_set(&m->names, key, count);
	}
	return ++*count;
}

/* "Name: value", of which the lines are separated by "\n". */
static void
add_edit(struct milterd_message *m, bool insert, unsigned place,
    const char *text, bool gone)
{
	struct arena *arena = m->verdict.arena;
	struct milterd_edit *e = arena_alloc(arena, sizeof *e);
	size_t n = mime_name(text, strlen(text));
	const char *colon = strchr(text + n, ':');

	/* An edit that makes no header of it is none. */
	if (n == 0 || colon == NULL)
		return;
	*e = (struct milterd_edit){
		.next = m->edits,
		.insert = insert,
		.place = place,
		.name = arena_strndup(arena, text, n),
		.value = gone ? NULL : arena_strdup(arena, colon + 1),
	};
	m->edits = e;
}

static bool
same_name(const char *a, const char *b, size_t n)
{
	return mime_name(b, strlen(b)) == n && strncasecmp(a, b, n) == 0;
}

/* What has come of the last header, as changes: what has its name still is the
 * header, and the rest is new.  A refused message stays as it is. */
static void
settle(struct milterd_message *m)
{
	const char *made = buf_str(&m->made), *end = made + m->made.len;
	const char *is = NULL, *text;
	size_t n = mime_name(buf_str(&m->header), m->header.len);

	if (m->header.len == 0 || !m->door->edits_headers ||
	    m->verdict.code != 0)
		return;
	for (text = made; text < end; text += strlen(text) + 1)
		if (same_name(buf_str(&m->header), text, n))
			is = text;
	for (text = made; text < end; text += strlen(text) + 1) {
		if (is == NULL || text != is)
			add_edit(m, true, m->place + (is != NULL && text > is),
			    text, false);
		else if (strcmp(text, buf_str(&m->header)) != 0)
			add_edit(m, false, m->nth, text, false);
	}
	if (is == NULL)
		add_edit(m, false, m->nth, buf_str(&m->header), true);
}

/* Lines may end as they do on the wire. */
static void
put_value(struct buf *text, const char *value)
{
	for (const char *p = value; *p != '\0'; p++)
		if (p[0] != '\r' || p[1] != '\n')
			buf_putc(text, *p);
}

void
milterd_message_header(
    struct milterd_message *m, const char *name, const char *value)
{
	struct buf text = { 0 };

	m->size += (int64_t)(strlen(name) + strlen(value) + 3);
	if (m->nheaders == MOST_HEADERS)
		content_verdict_reject(
		    &m->verdict, 550, "5.6.0", "too many headers");
	if (m->ended || m->nheaders == MOST_HEADERS)
		return;
	m->nheaders++;
	buf_printf(&text, "%s:", name);
	put_value(&text, value);
	/* What is no header to anybody is none to look at. */
	if (mime_name(text.data, text.len) == 0) {
		buf_free(&text);
		return;
	}
	buf_reset(&m->made);
	m->first->ops->header(m->first, text.data, text.len);
	settle(m);
	m->place = m->nheaders;
	m->nth = count_name(m, name);
	buf_free(&m->header);
	m->header = text;
}

static void
end_headers(struct milterd_message *m)
{
	if (m->ended)
		return;
	m->ended = true;
	buf_reset(&m->made);
	m->first->ops->headers_end(m->first);
	settle(m);
}

void
milterd_message_body(struct milterd_message *m, const char *data, size_t n)
{
	end_headers(m);
	m->size += (int64_t)n;
	if (n == 0)
		return;
	if (m->body != NULL && !m->changed)
		buf_put(&m->pending, data, n);
	m->first->ops->body(m->first, data, n);
}

void
milterd_message_end(struct milterd_message *m)
{
	end_headers(m);
	m->first->ops->end(m->first);
	/* What has not come out is gone. */
	m->changed = m->changed || m->pending.len > 0;
	if (m->changed && m->lost)
		content_verdict_reject(
		    &m->verdict, 451, "4.3.0", "Error: queue file write error");
}

void
milterd_message_close(struct milterd_message *m)
{
	if (m->door == NULL)
		return;
	content_stack_close(&m->stack);
	strmap_free(&m->names);
	buf_free(&m->made);
	buf_free(&m->header);
	buf_free(&m->pending);
	spool_free(m->body);
	m->door = NULL;
}

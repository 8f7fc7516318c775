/* reject_reply.c - see reject_reply.h. */
#include "proxy/reject_reply.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/macro.h"
#include "checks/reply_macro.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "classes/stage.h"
#include "proxy/proxy_events.h"
#include "proxy/reply.h"
#include "proxy/reply_footer.h"
#include "proxy/smtp_service.h"
#include "rules/world.h"

/* A reply under way; its lines stand at the end of ${out}. */
struct reject {
	const struct subject *subject;
	const struct site *site;
	bool may_ask; /* the tables */
	struct buf *out;
	size_t from;
};

/* A warning is about our tables, not about this mail. */
static void
warn(const struct reject *r, const char *what, const char *text)
{
	struct event_by by = *r->subject->by;

	by.qid = NULL;
	event_warning(&by, "%s%s", what, text);
}

/* The reply as it is looked up: whole, without the last <CR><LF>. */
static const char *
whole(const struct reject *r)
{
	return arena_strndup(r->subject->arena, r->out->data + r->from,
	    r->out->len - r->from - 2);
}

/* What ${tables} have for the reply, or NULL. */
static const char *
find(const struct reject *r, const struct table_list *tables)
{
	struct table_value value = { 0 };

	if (tables == NULL || tables->count == 0 || !r->may_ask ||
	    world_find_any(r->subject->world, r->subject->arena, tables,
		whole(r), &value) != TABLE_FOUND)
		return NULL;
	return value.text;
}

/* A table's reply in place of ours; it cannot make success of a failure. */
static void
filter(const struct reject *r)
{
	const char *text = find(r, r->site->reject_filter_maps);

	if (text == NULL)
		return;
	event(&proxy_events_reject_filter, r->subject->by, "way", "in", "text",
	    whole(r), NULL);
	if (reply_code(text) < 400) {
		warn(r,
		    "smtpd_reject_filter_maps: not a 4XX or 5XX reply: ", text);
		return;
	}
	buf_cut(r->out, r->from);
	reply_put(r->out, text);
	event(&proxy_events_reject_filter, r->subject->by, "way", "out", "text",
	    whole(r), NULL);
}

/* 5NN 5.x.x becomes 4NN 4.x.x in each line. */
static void
soften(const struct reject *r)
{
	size_t at = r->from;

	while (at + 4 < r->out->len) {
		char *line = r->out->data + at;
		const char *end = strstr(line, "\r\n");

		if (line[0] == '5')
			line[0] = '4';
		if (line[4] == '5' && line[5] == '.')
			line[4] = '4';
		if (end == NULL)
			return;
		at = (size_t)(end - r->out->data) + 2;
	}
}

static const char *
value_of(void *arg, const char *name)
{
	const struct reject *r = arg;
	struct subject session = *r->subject;

	/* A footer is about the session. */
	session.recipient = NULL;
	return reply_macro_find(&session, r->site, name);
}

static void
add_footer(struct reject *r)
{
	const struct macro macro = { .find = value_of, .arg = r };
	const char *template = find(r, r->site->reject_footer_maps);
	struct err err = { 0 };

	if (template == NULL)
		template = r->site->params.smtpd_reject_footer;
	if (template[0] != '\0' &&
	    reply_footer_add(r->out, r->from, template, &macro, &err) ==
		REPLY_FOOTER_BAD_MACRO)
		warn(r, err.text, "");
}

int
reject_reply_put(const struct smtp_service *service,
    const struct subject *subject, bool may_block, const char *text,
    struct buf *out)
{
	struct reject r = { .subject = subject,
		.site = stage_site(service->rules),
		.may_ask = may_block || !service->replies_block,
		.out = out,
		.from = out->len };
	char code[4] = "";

	reply_put(out, text);
	if (out->data[r.from] != '4' && out->data[r.from] != '5')
		return reply_code(text);
	filter(&r);
	if (stage_soft_bounce(service->rules))
		soften(&r);
	memcpy(code, out->data + r.from, 3);
	add_footer(&r);
	return reply_code(code);
}

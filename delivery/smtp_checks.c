/* smtp_checks.c - see smtp_checks.h. */
#include "delivery/smtp_checks.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/content_checks.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "checks/subject.h"
#include "delivery/delivery.h"
#include "delivery/smtp_body.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_envelope.h"
#include "delivery/smtp_generic.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"

struct smtp_checks {
	struct content_stage last;   /* where the edited message arrives */
	struct content_stage *first; /* NULL: nothing is checked */
	struct content_verdict verdict;
	struct event_by by;
	struct subject subject;
	const struct smtp_client *client;
	const struct delivery *delivery;
	struct arena *scratch; /* for one header */
	bool in_body;          /* the header section has been given */
	bool failed;           /* a table could not be asked */
	struct smtp_body *body;
	struct buf *out;
};

static void
put(struct content_stage *stage, const char *data, size_t len)
{
	struct smtp_checks *c = (struct smtp_checks *)(void *)stage;

	smtp_body_put(c->body, data, len, c->out);
}

/* One that smtp_header_checks have made. */
static void
put_made(struct content_stage *stage, const char *text, size_t len)
{
	/* A "\n" between its lines becomes a line end, as any does. */
	put(stage, text, len);
	put(stage, "\r\n", 2);
}

static void
put_header(struct content_stage *stage, const char *text, size_t len)
{
	struct smtp_checks *c = (struct smtp_checks *)(void *)stage;
	const char *header, *result;

	if (c->client->generic == NULL) {
		put_made(stage, text, len);
		return;
	}
	header = arena_strndup(c->scratch, text, len);
	switch (smtp_generic_header(
	    c->client, c->delivery, c->scratch, header, &result)) {
	case TABLE_NONE:
		put_made(stage, text, len);
		break;
	case TABLE_FOUND:
		put_made(stage, result, strlen(result));
		break;
	case TABLE_FAILED:
		c->failed = true;
		break;
	}
	arena_reset(c->scratch);
}

/* A header section that nothing is to be checked in. */
static void
put_section(struct smtp_checks *c, const char *data, size_t n)
{
	const char *end = data + n, *next;

	for (const char *p = data; p < end; p = next) {
		struct buf header = { 0 };

		next = p;
		do {
			const char *lf =
			    memchr(next, '\n', (size_t)(end - next));
			const char *stop = lf != NULL ? lf : end;

			if (stop > next && stop[-1] == '\r')
				stop--;
			if (header.len > 0)
				buf_putc(&header, '\n');
			buf_put(&header, next, (size_t)(stop - next));
			next = lf != NULL ? lf + 1 : end;
		} while (header.len > 0 && next < end &&
		    (*next == ' ' || *next == '\t'));
		put_header(&c->last, header.data, header.len);
		buf_free(&header);
	}
}

static void
nothing(struct content_stage *stage)
{
	(void)stage;
}

struct smtp_checks *
smtp_checks_new(const struct delivery *d, const struct smtp_session *session,
    struct smtp_body *body, struct buf *out)
{
	static const struct content_stage_ops ops = {
		.header = put_header,
		.made = put_made,
		.headers_end = nothing,
		.body = put,
		.end = nothing,
		.close = nothing,
	};
	struct smtp_checks *c;

	bool downgrade = smtp_envelope_downgrades(session, d);

	if (!session->client->edits && !downgrade &&
	    session->client->generic == NULL)
		return NULL;
	c = calloc(1, sizeof *c);
	if (c == NULL)
		fatal("out of memory");
	c->body = body;
	c->out = out;
	c->by = transport_by(d->transport, session->number, NULL);
	c->subject = (struct subject){
		.world = d->env->world, .by = &c->by, .queue_id = d->job->qid
	};
	content_verdict_begin(&c->verdict, d->arena);
	c->last = (struct content_stage){ &ops, NULL, &c->verdict };
	c->client = session->client;
	c->delivery = d;
	c->scratch = arena_new();
	if (c->client->edits || downgrade)
		c->first = content_checks_new(
		    c->client->checks, &c->subject, &c->verdict, &c->last);
	if (downgrade)
		content_checks_convert(c->first);
	return c;
}

void
smtp_checks_free(struct smtp_checks *c)
{
	if (c == NULL)
		return;
	if (c->first != NULL)
		c->first->ops->close(c->first);
	arena_free(c->scratch);
	free(c);
}

bool
smtp_checks_put(struct smtp_checks *c, const char *data, size_t n)
{
	if (c->first != NULL)
		c->first->ops->body(c->first, data, n);
	else if (c->in_body)
		put(&c->last, data, n);
	else
		put_section(c, data, n);
	c->in_body = true;
	return c->verdict.code == 0 && !c->failed;
}

bool
smtp_checks_end(struct smtp_checks *c)
{
	if (c->first != NULL)
		c->first->ops->end(c->first);
	return c->verdict.code == 0 && !c->failed;
}

void
smtp_checks_why(
    const struct smtp_checks *c, struct smtp_session *s, struct smtp_why *why)
{
	const struct content_verdict *v = &c->verdict;

	if (v->code / 100 == 5)
		smtp_why_set(why, v->arena, v->dsn, "%s", v->text);
	else
		smtp_session_data_error(s, v->arena, why);
}

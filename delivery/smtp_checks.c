/* smtp_checks.c - see smtp_checks.h. */
#include "delivery/smtp_checks.h"

#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/fatal.h"
#include "checks/content_checks.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "checks/subject.h"
#include "delivery/delivery.h"
#include "delivery/smtp_body.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_session.h"
#include "delivery/transport.h"

struct smtp_checks {
	struct content_stage last; /* where the edited message arrives */
	struct content_stage *first;
	struct content_verdict verdict;
	struct event_by by;
	struct subject subject;
	struct smtp_body *body;
	struct buf *out;
};

static void
put(struct content_stage *stage, const char *data, size_t len)
{
	struct smtp_checks *c = (struct smtp_checks *)(void *)stage;

	smtp_body_put(c->body, data, len, c->out);
}

static void
put_header(struct content_stage *stage, const char *text, size_t len)
{
	/* A "\n" between its lines becomes a line end, as any does. */
	put(stage, text, len);
	put(stage, "\r\n", 2);
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
		.headers_end = nothing,
		.body = put,
		.end = nothing,
		.close = nothing,
	};
	struct smtp_checks *c;

	if (session->client->checks == NULL)
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
	c->first = content_checks_new(
	    session->client->checks, &c->subject, &c->verdict, &c->last);
	return c;
}

void
smtp_checks_free(struct smtp_checks *c)
{
	if (c == NULL)
		return;
	c->first->ops->close(c->first);
	free(c);
}

bool
smtp_checks_put(struct smtp_checks *c, const char *data, size_t n)
{
	c->first->ops->body(c->first, data, n);
	return c->verdict.code == 0;
}

bool
smtp_checks_end(struct smtp_checks *c)
{
	c->first->ops->end(c->first);
	return c->verdict.code == 0;
}

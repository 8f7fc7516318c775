/* smtp_data.c - see smtp_data.h. */
#include "delivery/smtp_data.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/stream.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/smtp_body.h"
#include "delivery/smtp_checks.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_pix.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"

/* What has grown so large is sent. */
enum { PART = 64 * 1024 };

/* A message on its way out. */
struct sending {
	struct delivery *d;
	struct smtp_session *s;
	struct arena *arena;
	struct smtp_why *why;
	struct smtp_body body;
	struct smtp_checks *checks; /* NULL: none */
	struct buf out;
	int64_t until; /* clock_mono(): the time for all of it */
};

/* Send what there is, within the time for a part.  If the message as a whole has
 * a limit, that is for its first part, and what is taken of it earns time for the
 * next, so that nothing less than the least rate will do. */
static bool
flush_part(struct sending *sending)
{
	struct smtp_session *s = sending->s;
	const struct smtp_client *c = s->client;
	const char *doing = "sending message body";
	struct buf *out = &sending->out;
	enum stream_status status;
	int64_t latest;

	smtp_session_limit(s,
	    c->per_request_deadline ? sending->until - clock_mono()
				    : c->data_xfer_timeout);
	stream_put(s->stream, out->data, out->len);
	sending->until += (int64_t)out->len * CLOCK_SECOND / c->min_data_rate;
	buf_reset(out);
	status = stream_flush(s->stream);
	latest = clock_mono() + c->data_xfer_timeout;
	if (sending->until > latest)
		sending->until = latest;
	if (status == STREAM_OK)
		return true;
	smtp_session_lost(s, (int)status, doing, sending->arena, sending->why);
	return false;
}

static void
note_broken_lines(const struct sending *sending)
{
	const struct smtp_session *s = sending->s;
	const struct smtp_body *body = &sending->body;
	struct event_by by =
	    transport_by(s->client->transport, s->number, sending->d->job->qid);

	if (body->broken > 0)
		event(&delivery_events_broken_line, &by, "limit",
		    arena_printf(sending->arena, "%zu", body->limit), NULL);
}

static void
unreadable(const struct sending *sending, const struct err *err)
{
	struct smtp_session *s = sending->s;
	struct event_by by =
	    transport_by(s->client->transport, s->number, sending->d->job->qid);

	event(&delivery_events_content, &by, "text", err->text, NULL);
	smtp_session_data_error(s, sending->arena, sending->why);
	s->broken = true;
}

static bool
send_parts(struct sending *sending)
{
	struct content *content = &sending->d->content;
	struct err err = { { 0 } };
	const char *data;
	bool ok = true;
	size_t n;
	int more;

	content_rewind(content);
	while ((more = content_next(content, &data, &n, &err)) > 0) {
		if (sending->checks == NULL)
			smtp_body_put(&sending->body, data, n, &sending->out);
		else
			ok = smtp_checks_put(sending->checks, data, n);
		if (!ok)
			break;
		if (sending->out.len >= PART && !flush_part(sending))
			return false;
	}
	if (more < 0) {
		unreadable(sending, &err);
		return false;
	}
	if (ok && sending->checks != NULL)
		ok = smtp_checks_end(sending->checks);
	if (!ok) {
		smtp_checks_why(sending->checks, sending->s, sending->why);
		sending->s->broken = true;
	}
	return ok;
}

bool
smtp_data_send(struct delivery *d, struct smtp_session *s, struct arena *arena,
    struct smtp_why *why)
{
	struct sending sending = {
		.d = d,
		.s = s,
		.arena = arena,
		.why = why,
		.body = { .limit = (size_t)s->client->line_length_limit },
		.until = clock_mono() + s->client->data_xfer_timeout,
	};
	bool ok;

	sending.checks = smtp_checks_new(d, s, &sending.body, &sending.out);
	ok = send_parts(&sending);
	if (ok && s->delay_dot)
		ok = flush_part(&sending);
	if (ok) {
		smtp_pix_rest(s);
		smtp_body_end(&sending.body, &sending.out);
		stream_put(s->stream, sending.out.data, sending.out.len);
		smtp_dialogue_out(&s->dialogue, ".");
		note_broken_lines(&sending);
	}
	smtp_checks_free(sending.checks);
	buf_free(&sending.out);
	return ok;
}

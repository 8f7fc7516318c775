/* local_client.c - see local_client.h. */
#include "delivery/local_client.h"

#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "base/local_time.h"
#include "base/stream.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/mailbox.h"
#include "delivery/transport.h"
#include "rules/address.h"

const char *
local_client_return_path(const struct delivery *d)
{
	return arena_printf(d->arena, "Return-Path: <%s>\n",
	    d->job->sender[0] != '\0'
		? address_external(d->arena, d->job->sender)
		: "");
}

const char *
local_client_original_to(const struct delivery *d, const struct job_rcpt *rcpt)
{
	const char *original;

	if (!d->transport->params.enable_original_recipient)
		return "";
	original = rcpt->original[0] != '\0' ? rcpt->original : rcpt->address;

	/* To a member of a list that has an owner, nobody's choice. */
	if (rcpt->original[0] == '\0' && rcpt->target != NULL &&
	    rcpt->target[0] != '\0')
		return "";
	return arena_printf(d->arena, "X-Original-To: %s\n",
	    address_external(d->arena, original));
}

const char *
local_client_delivered_to(const struct delivery *d, const char *address)
{
	return arena_printf(d->arena, "Delivered-To: %s\n",
	    address_external(d->arena, address));
}

const char *
local_client_from(const struct delivery *d)
{
	const char *sender = d->job->sender;
	char date[LOCAL_TIME_TEXT];

	return arena_printf(d->arena, "From %s  %s",
	    *sender != '\0' ? address_external(d->arena, sender)
			    : "MAILER-DAEMON",
	    local_time_text(date, clock_now(), "%a %b %e %H:%M:%S %Y"));
}

uint64_t
local_client_size(struct delivery *d, struct err *err)
{
	const char *data;
	uint64_t size = 0;
	size_t n;
	int more;

	if (d->content.envelope.nchunks == 0)
		return d->content.envelope.nheaders + d->content.envelope.nbody;
	content_rewind(&d->content);
	while ((more = content_next(&d->content, &data, &n, err)) > 0)
		size += n;
	return more == 0 ? size : 0;
}

/* The message, in parts, so that a slow disk at the other end costs no
 * memory. */
static int
feed(struct delivery *d, struct stream *s, struct err *err)
{
	const char *data;
	size_t n;
	int more;

	content_rewind(&d->content);
	while ((more = content_next(&d->content, &data, &n, err)) > 0)
		stream_put(s, data, n);
	return more;
}

static int
read_answer(
    struct delivery *d, struct stream *s, struct frame *frame, struct err *err)
{
	char header[FRAME_HEADER], *all;
	size_t used, len;

	if (stream_read(s, header, sizeof header) != STREAM_OK) {
		err_set(err, "the local role has not answered");
		return -1;
	}
	len = frame_length(header);
	if (len > FRAME_MOST) {
		err_set(err, "the local role has answered nonsense");
		return -1;
	}
	all = arena_alloc(d->arena, FRAME_HEADER + len);
	memcpy(all, header, sizeof header);
	if ((len > 0 && stream_read(s, all + FRAME_HEADER, len) != STREAM_OK) ||
	    frame_get(all, FRAME_HEADER + len, frame, &used) != FRAME_ONE) {
		err_set(err, "the local role has answered nonsense");
		return -1;
	}
	return 0;
}

static int
converse(struct delivery *d, const struct buf *request, bool message,
    int64_t patience, struct frame *frame, struct err *err)
{
	int64_t deadline = clock_mono() + patience;
	struct stream *s;
	int result = 0;

	if (d->env->local_socket == NULL) {
		err_set(err, "there is no local role");
		return -1;
	}
	s = stream_connect_unix(d->env->local_socket, deadline, err);
	if (s == NULL) {
		err_add(err, "local role");
		return -1;
	}
	stream_deadline(s, deadline);
	stream_put(s, request->data, request->len);
	if (message)
		result = feed(d, s, err);
	/* If it has refused the message early, the answer says so. */
	(void)stream_flush(s);
	(void)shutdown(stream_fd(s), SHUT_WR);
	if (result == 0)
		result = read_answer(d, s, frame, err);
	stream_close(s);
	return result;
}

int
local_client_call(struct delivery *d, const struct buf *request,
    int64_t patience, struct frame *frame, struct err *err)
{
	return converse(d, request, false, patience, frame, err);
}

int
local_client_ask(struct delivery *d, const struct buf *request,
    int64_t patience, struct mailbox_answer *a, struct err *err)
{
	struct frame frame;

	must(!delivery_is_probe(d));
	if (converse(d, request, true, patience, &frame, err) != 0)
		return -1;
	if (mailbox_answer_parse(&frame, d->arena, a))
		return 0;
	err_set(err, "the local role has answered nonsense");
	return -1;
}

void
local_client_decide(struct delivery *d, size_t first, size_t last,
    struct delivery_end *end, const struct mailbox_answer *a,
    const struct err *err)
{
	static const enum job_status statuses[] = { [MAILBOX_DONE] = JOB_SENT,
		[MAILBOX_DEFER] = JOB_DEFERRED,
		[MAILBOX_BOUNCE] = JOB_BOUNCED };
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);
	const char *warning = err->text[0] != '\0' ? err->text : a->warning;

	if (warning[0] != '\0')
		event(&delivery_events_config, &by, "text", warning, NULL);
	if (err->text[0] != '\0') {
		end->status = JOB_DEFERRED;
		end->dsn = "4.3.0";
		end->text = "mail system configuration error";
	} else {
		end->status = statuses[a->result];
		end->dsn = a->dsn;
		end->text = a->text;
		end->diagnostic = a->diagnostic;
	}
	for (size_t i = first; i < last; i++)
		delivery_end(d, i, end);
}

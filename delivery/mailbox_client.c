/* mailbox_client.c - see mailbox_client.h. */
#include "delivery/mailbox_client.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/frame.h"
#include "base/stream.h"
#include "delivery/agent.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/mailbox.h"
#include "delivery/transport.h"
#include "rules/address.h"

/* The child of the local role may wait for locks; it gives up before us. */
#define PATIENCE (600 * CLOCK_SECOND)

static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h;
}

/* A host name in a file name (maildir(5)): no slash, no colon. */
static const char *
host_part(struct arena *arena, const char *host)
{
	char *copy = arena_strdup(arena, host);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '/' || *p == ':')
			*p = '_';
	return copy;
}

/* The same for every attempt, different for every recipient and message. */
static const char *
file_name(const struct delivery *d, const struct job_rcpt *rcpt)
{
	return arena_printf(d->arena, "%lld.M%06lldQ%sR%016llx.%.100s",
	    (long long)(d->job->arrival / CLOCK_SECOND),
	    (long long)(d->job->arrival % CLOCK_SECOND / 1000), d->job->qid,
	    (unsigned long long)hash(rcpt->address),
	    host_part(d->arena, d->transport->base.myhostname));
}

static const char *
from_line(const struct delivery *d)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const char *sender = d->job->sender;
	time_t now = (time_t)(clock_now() / CLOCK_SECOND);
	struct tm tm;

	(void)localtime_r(&now, &tm);
	return arena_printf(d->arena, "From %s %s %s %2d %02d:%02d:%02d %d",
	    *sender != '\0' ? address_external(d->arena, sender)
			    : "MAILER-DAEMON",
	    days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, 1900 + tm.tm_year);
}

static const char *
head_lines(const struct delivery *d, const struct job_rcpt *rcpt)
{
	const char *original =
	    rcpt->original[0] != '\0' ? rcpt->original : rcpt->address;

	return arena_printf(d->arena,
	    "Return-Path: <%s>\nX-Original-To: %s\nDelivered-To: %s\n",
	    d->job->sender[0] != '\0'
		? address_external(d->arena, d->job->sender)
		: "",
	    address_external(d->arena, original),
	    address_external(d->arena, rcpt->address));
}

static uint64_t
message_size(struct delivery *d, struct err *err)
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

/* The request and the message, in parts, so that a slow disk at the other end
 * costs no memory. */
static int
feed(struct delivery *d, struct stream *s, const struct mailbox *m,
    struct err *err)
{
	struct buf request = { 0 };
	const char *data;
	size_t n;
	int more;

	mailbox_print(m, &request);
	stream_put(s, request.data, request.len);
	buf_free(&request);
	content_rewind(&d->content);
	while ((more = content_next(&d->content, &data, &n, err)) > 0)
		stream_put(s, data, n);
	return more < 0 || stream_flush(s) == STREAM_OK ? more : -1;
}

static int
read_answer(struct delivery *d, struct stream *s, struct mailbox_answer *a,
    struct err *err)
{
	char header[FRAME_HEADER], *all;
	struct frame frame;
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
	    frame_get(all, FRAME_HEADER + len, &frame, &used) != FRAME_ONE ||
	    !mailbox_answer_parse(&frame, d->arena, a)) {
		err_set(err, "the local role has answered nonsense");
		return -1;
	}
	return 0;
}

static int
talk(struct delivery *d, const struct mailbox *m, struct mailbox_answer *a,
    struct err *err)
{
	int64_t deadline = clock_mono() + PATIENCE;
	struct stream *s;
	int result;

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
	result = feed(d, s, m, err);
	(void)shutdown(stream_fd(s), SHUT_WR);
	if (result == 0)
		result = read_answer(d, s, a, err);
	stream_close(s);
	return result;
}

static void
complete(struct delivery *d, const struct job_rcpt *rcpt, struct mailbox *m)
{
	const struct delivery_params *p = &d->transport->params;

	m->strict = p->strict_mailbox_ownership;
	m->attempts = (unsigned)p->deliver_lock_attempts;
	m->delay = p->deliver_lock_delay;
	m->stale = p->stale_lock_time;
	m->name = file_name(d, rcpt);
	m->from = from_line(d);
	m->head = head_lines(d, rcpt);
}

bool
mailbox_client_loops(struct delivery *d, size_t rcpt, const char *relay)
{
	const char *address = d->job->rcpts[rcpt].address;
	struct delivery_end end = {
		.status = JOB_BOUNCED, .dsn = "5.4.6", .relay = relay
	};

	if (!content_has_header(&d->content, "Delivered-To",
		address_external(d->arena, address)))
		return false;
	end.text =
	    arena_printf(d->arena, "mail forwarding loop for %s", address);
	delivery_end(d, rcpt, &end);
	return true;
}

void
mailbox_client_deliver(
    struct delivery *d, size_t rcpt, struct mailbox *mailbox, const char *relay)
{
	static const enum job_status statuses[] = { [MAILBOX_DONE] = JOB_SENT,
		[MAILBOX_DEFER] = JOB_DEFERRED,
		[MAILBOX_BOUNCE] = JOB_BOUNCED };
	const struct job_rcpt *to = &d->job->rcpts[rcpt];
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);
	struct delivery_end end = { .relay = relay };
	struct mailbox_answer a = { .warning = "" };
	struct err err = { { 0 } };

	complete(d, to, mailbox);
	mailbox->size = message_size(d, &err);
	if (err.text[0] != '\0' || talk(d, mailbox, &a, &err) != 0) {
		event(&delivery_events_config, &by, "text", err.text, NULL);
		end.status = JOB_DEFERRED;
		end.dsn = "4.3.0";
		end.text = "mail system configuration error";
	} else {
		if (a.warning[0] != '\0')
			event(&delivery_events_config, &by, "text", a.warning,
			    NULL);
		end.status = statuses[a.result];
		end.dsn = a.dsn;
		end.text = a.text;
	}
	delivery_end(d, rcpt, &end);
}

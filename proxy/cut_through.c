/* cut_through.c - see cut_through.h. */
#include "proxy/cut_through.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/loop.h"
#include "delivery/agent.h"
#include "delivery/delivery.h"
#include "delivery/smtp_reply.h"
#include "delivery/transport.h"
#include "proxy/answers.h"
#include "proxy/conduct_log.h"
#include "proxy/cut_way.h"
#include "proxy/hall.h"
#include "proxy/mail.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/trace_log.h"
#include "queue/envelope.h"
#include "queue/job.h"
#include "queue/queue_events.h"
#include "rules/address.h"

#define IDLE_CHECK (500 * CLOCK_MS)

void
cut_through_prepare(struct session *s)
{
	bool may = s->params->weir_cut_through &&
	    s->params->content_filter[0] == '\0' &&
	    s->hall->shared->cut != NULL;

	held_begin(
	    &s->mail->held, may ? (size_t)s->params->weir_cut_through_size : 0);
}

/* The way that all recipients have in common, or NULL. */
static const struct cut_way *
common_way(const struct cut_ways *ways, const struct envelope *e)
{
	const struct envelope_rcpt *first = &e->rcpts[0];
	const struct cut_way *way;

	if (e->nrcpts == 0 || first->nexthop[0] == '\0')
		return NULL;
	for (size_t i = 1; i < e->nrcpts; i++)
		if (strcmp(e->rcpts[i].transport, first->transport) != 0 ||
		    strcmp(e->rcpts[i].nexthop, first->nexthop) != 0)
			return NULL;
	way = cut_way_find(ways, first->transport);
	if (way == NULL || way->paced ||
	    (way->recipients > 0 && e->nrcpts > way->recipients))
		return NULL;
	return way;
}

/* Slow next hops leave workers for everything else. */
static bool
take_worker(struct hall_shared *shared)
{
	if (shared->cuts++ < shared->most_cuts)
		return true;
	shared->cuts--;
	return false;
}

bool
cut_through_begin(struct session *s)
{
	struct mail *mail = s->mail;
	const struct envelope *e = mail->envelope;
	struct hall_shared *shared = s->hall->shared;
	const struct cut_way *way;

	if (e == NULL || mail->discard || mail->held.most == 0 || e->hold ||
	    envelope_has(e, ENVELOPE_HELD) || e->filter[0] != '\0' ||
	    envelope_has_verp(e) || e->size > mail->held.most)
		return false;
	way = common_way(shared->cut, e);
	if (way == NULL || !take_worker(shared))
		return false;
	if (!cut_way_enter(shared->cut, way, e->rcpts[0].nexthop,
		s->params->weir_cut_through_pause)) {
		shared->cuts--;
		return false;
	}
	mail->way = way;
	return true;
}

static struct job
make_job(const struct mail *mail, int64_t now)
{
	const struct envelope *e = mail->envelope;
	struct job job = {
		.qid = e->qid,
		.transport = e->rcpts[0].transport,
		.nexthop = e->rcpts[0].nexthop,
		.sender = e->sender,
		.arrival = e->arrival,
		.active = now,
		.size = e->size,
		.utf8 = e->utf8,
		.eight_bit = e->eight_bit,
		.envid = e->envid,
		.ret = e->ret,
		.nrcpts = e->nrcpts,
	};

	job.rcpts = arena_alloc(mail->arena, e->nrcpts * sizeof job.rcpts[0]);
	for (size_t i = 0; i < e->nrcpts; i++)
		job.rcpts[i] = (struct job_rcpt){
			.index = (uint32_t)i,
			.address = e->rcpts[i].address,
			.original = e->rcpts[i].original,
			.orcpt = e->rcpts[i].orcpt,
			.notify = e->rcpts[i].notify,
		};
	return job;
}

/* What the queue would say, so that the log has the same lines of a message
 * whichever way it takes. */
static struct event_by
queue_manager(const struct session *s)
{
	return (struct event_by){ .program = "qmgr",
		.number = s->by.number,
		.qid = s->by.qid,
		.name = s->by.name };
}

static void
log_begin(const struct session *s)
{
	const struct envelope *e = s->mail->envelope;
	struct event_by by = queue_manager(s);
	char size[24], nrcpt[24];

	(void)snprintf(size, sizeof size, "%llu", (unsigned long long)e->size);
	(void)snprintf(nrcpt, sizeof nrcpt, "%zu", e->nrcpts);
	event(&queue_events_active, &by, "from",
	    e->sender[0] != '\0' ? address_external(s->mail->arena, e->sender)
				 : "",
	    "size", size, "nrcpt", nrcpt, NULL);
}

/* The answer that was given to outcome ${o}: its code, and in *${text} what
 * stands behind that and the enhanced status code. */
static const char *
answer(const struct job_outcome *o, const char **text)
{
	static const char name[] = "smtp; ";
	const char *reply = o->diagnostic;
	size_t n;

	if (strncmp(reply, name, sizeof name - 1) != 0 ||
	    strlen(reply) < sizeof name - 1 + 4)
		return NULL;
	reply += sizeof name - 1;
	*text = reply + 4;
	n = smtp_reply_dsn(*text);
	if (n > 0)
		*text += (*text)[n] == ' ' ? n + 1 : n;
	return reply;
}

/* The next hop has taken it for all. */
static void
taken(struct session *s, const struct job_outcome *outcomes)
{
	struct mail *mail = s->mail;
	struct event_by by = queue_manager(s);
	bool alike = true;
	const char *text, *reply;

	for (size_t i = 1; i < mail->envelope->nrcpts && alike; i++)
		alike =
		    strcmp(outcomes[i].diagnostic, outcomes[0].diagnostic) == 0;
	if (!alike || answer(&outcomes[0], &text) == NULL)
		text = arena_printf(mail->arena, "Ok: delivered as %s", s->qid);
	reply = arena_printf(
	    mail->arena, "250 %s %s", alike ? outcomes[0].dsn : "2.0.0", text);
	event(&queue_events_removed, &by, NULL);
	trace_log_message(s, reply);
	conduct_log_stored(s);
	answers_give(s, reply);
	s->errors = s->junk = 0;
	postmaster_forgive(s);
	mail->discard = true;
	mail->envelope = NULL;
}

/* The next hop refuses it for all, for good. */
static void
refused(struct session *s, const struct job_outcome *o)
{
	const char *text, *code = answer(o, &text), *reply;

	if (code == NULL)
		code = strcmp(o->dsn, "5.3.4") == 0 ? "552" : "550";
	else if (strncmp(code, "521", 3) == 0)
		/* It is not this client that it will not talk to. */
		code = "554";
	reply =
	    arena_printf(s->mail->arena, "%.3s %s %s", code, o->dsn, o->reason);
	session_log_reject(s, reply);
	trace_log_message(s, reply);
	answers_give(s, reply);
	s->mail->envelope = NULL;
}

/* The queue has what is left. */
static void
fall_back(struct session *s, const struct delivery_once *once,
    const struct job_outcome *outcomes)
{
	struct envelope *e = s->mail->envelope;
	const char *why = NULL;
	size_t left = 0;

	for (size_t i = 0; i < e->nrcpts; i++) {
		if (outcomes[i].status == JOB_SENT)
			continue;
		if (why == NULL)
			why = outcomes[i].reason;
		e->rcpts[left++] = e->rcpts[i];
	}
	e->nrcpts = left;
	event(
	    once->in_doubt ? &proxy_events_cut_doubt : &proxy_events_cut_queued,
	    &s->by, "nexthop", e->rcpts[0].nexthop, "text", why, NULL);
}

static void
leave(struct session *s, const char *nexthop, bool failed)
{
	int64_t pause = s->params->weir_cut_through_pause;
	char seconds[24];

	if (!cut_way_leave(
		s->hall->shared->cut, s->mail->way, nexthop, failed, pause))
		return;
	(void)snprintf(
	    seconds, sizeof seconds, "%lld", (long long)(pause / CLOCK_SECOND));
	event(&proxy_events_cut_paused, &s->by_itself, "nexthop", nexthop,
	    "seconds", seconds, NULL);
}

static void
decide(struct session *s, const struct delivery_once *once,
    const struct job_result *result)
{
	size_t n = result->noutcomes, sent = 0, bounced = 0;

	for (size_t i = 0; i < n; i++) {
		sent += result->outcomes[i].status == JOB_SENT;
		bounced += result->outcomes[i].status == JOB_BOUNCED;
	}
	if (sent == n)
		taken(s, result->outcomes);
	else if (bounced == n)
		refused(s, &result->outcomes[0]);
	else
		fall_back(s, once, result->outcomes);
}

void
cut_through_run(struct session *s)
{
	struct mail *mail = s->mail;
	struct envelope *e = mail->envelope;
	int64_t now = clock_now();
	struct delivery_env env = { .world = s->hall->shared->world };
	struct delivery_once once = {
		.until = clock_mono() + s->params->weir_cut_through_timeout,
	};
	struct job job = make_job(mail, now);
	struct delivery d = {
		.env = &env,
		.transport = mail->way->transport,
		.arena = mail->arena,
		.job = &job,
		.number = delivery_number(),
		.delay = { .arrival = e->arrival,
		    .active = now,
		    .handoff = now },
		.once = &once,
	};

	log_begin(s);
	d.content.envelope = *e;
	d.content.envelope.body = mail->held.body.data;
	d.content.envelope.nbody = mail->held.body.len;
	delivery_begin(&d);
	d.transport->agent->run(&d);
	content_close(&d.content);
	postmaster_take(s, d.notices);
	leave(s, job.nexthop, d.result.destination_failed || once.lost);
	decide(s, &once, &d.result);
}

/* Connections that nobody has used for a while. */
static void
check_idle(struct loop_timer *timer)
{
	struct hall *hall = (struct hall *)(void *)((char *)timer -
	    offsetof(struct hall, idle));

	if (cut_way_idle(hall->shared->cut, clock_mono()))
		loop_timer_set(hall->loop, timer, clock_mono() + IDLE_CHECK);
}

void
cut_through_end(struct session *s)
{
	struct hall *hall = s->hall;

	hall->shared->cuts--;
	hall->idle.fire = check_idle;
	if (hall->idle.place == 0)
		loop_timer_set(
		    hall->loop, &hall->idle, clock_mono() + IDLE_CHECK);
}

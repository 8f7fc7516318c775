/* smtp_agent.c - see smtp_agent.h.  Which server is tried next, and when to
 * stop; the conversation itself is in smtp_greet.c and smtp_mail.c. */
#include "delivery/smtp_agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/smtp_cache.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_greet.h"
#include "delivery/smtp_hosts.h"
#include "delivery/smtp_mail.h"
#include "delivery/smtp_nexthop.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"
#include "queue/transcript_notice.h"

enum { MOST_HOPS = 32 };

/* The connection is kept for more mail to the same destination. */
static bool
worth_keeping(const struct smtp_run *run, const struct smtp_session *s)
{
	const struct smtp_client *c = run->client;
	int64_t now = clock_mono();
	const char *cursor = c->connection_cache_destinations, *word;

	if (s->broken || s->quit || delivery_is_probe(run->delivery) ||
	    c->connection_cache_time_limit == 0 ||
	    (s->tls && !c->tls_connection_reuse) ||
	    now - s->opened > c->connection_reuse_time_limit ||
	    (c->connection_reuse_count_limit > 0 &&
		s->uses > c->connection_reuse_count_limit))
		return false;
	while ((word = conf_word(&cursor, run->delivery->arena)) != NULL)
		if (strcmp(word, run->nexthop) == 0)
			return true;
	return c->connection_cache_on_demand && (s->uses > 0 || run->busy);
}

/* There is somebody to send to, and another server may be tried. */
static bool
goes_on(const struct smtp_run *run)
{
	const struct delivery_once *once = run->delivery->once;

	return run->delivery->left > 0 &&
	    (once == NULL || (!once->stopped && clock_mono() < once->until));
}

/* The postmaster is told of it, if there is something to tell. */
static void
tell(const struct smtp_run *run, struct smtp_session *s)
{
	struct delivery *d = run->delivery;
	struct transcript_notice *notice, **end = &d->notices;

	notice = smtp_dialogue_tell(
	    &s->dialogue, run->client->lmtp, s->relay, d->job->sender);
	while (*end != NULL)
		end = &(*end)->next;
	*end = notice;
}

static void
leave(struct smtp_run *run, struct smtp_session *s)
{
	smtp_session_quit(s, true);
	tell(run, s);
	smtp_session_close(s);
}

/* Use a session that is ready for mail, then keep or close it.  False: it had
 * been kept and was gone. */
static bool
use(struct smtp_run *run, struct smtp_session *s)
{
	bool keep = worth_keeping(run, s), done;

	if (run->delivery->delay.connected == 0)
		run->delivery->delay.connected = clock_now();
	done = smtp_mail_send(run, s, keep);
	if (done)
		run->delivery->result.destination_reached = true;
	if (keep && !s->broken && !s->quit) {
		s->expires =
		    clock_mono() + run->client->connection_cache_time_limit;
		if (s->key == NULL && (s->key = strdup(run->nexthop)) == NULL)
			fatal("out of memory");
		tell(run, s);
		s->delivery = NULL;
		smtp_cache_put(run->client->cache, s);
		return done;
	}
	leave(run, s);
	return done;
}

/* clock_mono(); 0: it may take what it takes. */
static int64_t
until(const struct smtp_run *run)
{
	const struct delivery_once *once = run->delivery->once;

	return once != NULL ? once->until : 0;
}

static void
use_kept(struct smtp_run *run)
{
	struct smtp_session *s;

	run->final = false;
	while (goes_on(run) &&
	    (s = smtp_cache_take(
		 run->client->cache, run->nexthop, clock_mono())) != NULL) {
		s->until = until(run);
		s->delivery = run->delivery;
		if (use(run, s))
			return;
	}
}

/* No connection: somebody else may do better. */
static void
unreachable(struct smtp_run *run, const struct smtp_why *why)
{
	struct event_by by =
	    transport_by(run->client->transport, run->delivery->number, NULL);

	event(&delivery_events_unreachable, &by, "text", why->text, NULL);
	run->why = *why;
	run->why_relay = NULL;
	run->why_number = 0;
}

/*
 * Connect to one server and hand over the mail.  Where TLS is welcome but not
 * demanded and does not come about, there is a second attempt without it.
 * False: no session came of it that counts, which takes a connection and a
 * handshake; if one does, and ${last}, it is the last.
 */
static bool
try_host(struct smtp_run *run, const struct smtp_nexthop *hop,
    const struct smtp_host *host, bool last)
{
	struct arena *arena = run->delivery->arena;
	bool tls = run->client->tls != NULL;
	struct smtp_session *s;
	struct smtp_why why;

	for (;;) {
		s = smtp_session_connect(run->client, hop, host, arena, &why);
		if (s == NULL) {
			unreachable(run, &why);
			return false;
		}
		s->delivery = run->delivery;
		if (smtp_greet(s, run->nexthop, tls, arena, &why)) {
			run->final |= last;
			(void)use(run, s);
			return true;
		}
		if (!tls || !s->tls_failed ||
		    run->client->level != SMTP_TLS_MAY)
			break;
		unreachable(run, &why);
		tell(run, s);
		smtp_session_close(s);
		tls = false;
	}
	if (run->delivery->delay.connected == 0)
		run->delivery->delay.connected = clock_now();
	smtp_mail_fail(run, s, &why);
	leave(run, s);
	return false;
}

static void
try_hosts(struct smtp_run *run, const struct smtp_nexthop *hop, bool last)
{
	size_t sessions = 0, most = (size_t)run->client->mx_session_limit;
	struct arena *arena = run->delivery->arena;
	struct smtp_hosts hosts;

	if (hop->unix_path != NULL) {
		run->final = last;
		(void)try_host(run, hop, NULL, last);
		return;
	}
	if (!smtp_hosts_find(run->client, run->delivery->env->world, arena, hop,
		&hosts, &run->why)) {
		run->why_relay = NULL;
		run->loops = hosts.loops;
		return;
	}
	for (size_t i = 0; i < hosts.count && goes_on(run); i++) {
		bool limit = most > 0 && sessions + 1 >= most;

		run->final = last && i + 1 == hosts.count;
		if (!try_host(run, hop, &hosts.list[i], last && limit))
			continue;
		sessions++;
		if (limit)
			return;
	}
}

/* Mail that would come back to us goes to best_mx_transport, "name:nexthop". */
static void
pass(struct smtp_run *run)
{
	const char *to = run->client->transport->params.best_mx_transport;
	struct delivery *d = run->delivery;
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);
	size_t n = strcspn(to, ":");
	struct delivery_end end = { .status = JOB_PASSED,
		.dsn = "2.0.0",
		.text = "",
		.transport = arena_strndup(d->arena, to, n),
		.nexthop = run->nexthop };

	if (n == 0 || strcmp(end.transport, d->transport->name) == 0 ||
	    (d->once != NULL && !delivery_is_probe(d)))
		return;
	if (to[n] == ':' && to[n + 1] != '\0')
		end.nexthop = to + n + 1;
	if (delivery_is_probe(d)) {
		end.status = JOB_SENT;
		end.text = arena_printf(d->arena, "passed to %s", to);
	}
	for (size_t i = 0; i < d->job->nrcpts; i++) {
		if (d->decided[i])
			continue;
		end.address = d->job->rcpts[i].address;
		event_info(&by, "passing <%s> to transport=%s", end.address,
		    end.transport);
		delivery_end(d, i, &end);
	}
	d->result.destination_reached = true;
}

/* The next hop of the job and the fallback relays, in order. */
static size_t
list_hops(const struct smtp_run *run, const char **hops, size_t *primary)
{
	const char *lists[] = { run->nexthop, run->client->fallback_relay };
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		const char *word;

		while (n < MOST_HOPS &&
		    (word = conf_word(&lists[i], run->delivery->arena)) != NULL)
			hops[n++] = word;
		if (i == 0)
			*primary = n;
	}
	return n;
}

/* A relay host that we have chosen must exist; the mail is not at fault. */
static bool
is_relay(const struct smtp_run *run, const char *hop, bool fallback)
{
	const char *relay = conf_get(run->client->transport->conf, "relayhost",
	    run->delivery->arena, NULL);

	return fallback || (relay != NULL && strcmp(relay, hop) == 0);
}

static void
try_hops(struct smtp_run *run)
{
	const char *hops[MOST_HOPS];
	size_t primary, count = list_hops(run, hops, &primary);
	struct arena *arena = run->delivery->arena;

	for (size_t i = 0; i < count && goes_on(run); i++) {
		struct smtp_nexthop hop;
		struct err err = { { 0 } };

		if (smtp_nexthop_parse(hops[i], run->client->lmtp,
			run->client->port, arena, &hop, &err) != 0) {
			event_warning(NULL, "%s", err.text);
			smtp_why_set(&run->why, arena, "4.3.5",
			    "Server configuration error");
			continue;
		}
		hop.until = until(run);
		try_hosts(run, &hop, i + 1 == count);
		if (smtp_why_hard(&run->why) &&
		    is_relay(run, hops[i], i >= primary)) {
			event_warning(NULL, "%s configuration problem",
			    i >= primary ? "smtp_fallback_relay" : "relayhost");
			run->why.dsn = "4.3.5";
		} else if (run->loops) {
			pass(run);
		}
		/* Another server would send it here again. */
		if (run->loops)
			return;
	}
}

/* Whoever is left could not be offered to any server. */
static void
give_up(struct smtp_run *run)
{
	struct delivery *d = run->delivery;
	const struct smtp_why *why = &run->why;
	bool hard =
	    smtp_why_hard(why) && (d->once == NULL || delivery_is_probe(d));
	struct delivery_end end = {
		.status = hard ? JOB_BOUNCED : JOB_DEFERRED,
		.dsn = why->dsn != NULL ? why->dsn : "4.3.0",
		.text =
		    why->text != NULL ? why->text : "no server could be tried",
		.relay = run->why_relay,
		.remote = why->remote,
		.diagnostic = why->diagnostic,
		.number = run->why_number,
	};

	if (d->delay.connected == 0)
		d->delay.connected = clock_now();
	if (!d->result.destination_reached) {
		d->result.destination_failed = true;
		d->result.destination_dsn = end.dsn;
		d->result.destination_reason = end.text;
	}
	delivery_end_all(d, &end);
}

static void
run_smtp(struct delivery *d)
{
	struct smtp_run run = { .delivery = d,
		.client = d->transport->state,
		.nexthop = d->job->nexthop };
	struct event_by by = transport_by(d->transport, d->number, NULL);

	event_speak(&by);
	run.busy = smtp_cache_busy(run.client->cache, run.nexthop, clock_mono(),
	    run.client->connection_cache_time_limit);
	use_kept(&run);
	if (d->left > 0)
		try_hops(&run);
	if (d->left > 0 || !d->result.destination_reached)
		give_up(&run);
	event_speak(NULL);
}

static void *
open_smtp(struct transport *t, struct arena *arena, struct err *err)
{
	return smtp_client_open(t, false, arena, err);
}

static void *
open_lmtp(struct transport *t, struct arena *arena, struct err *err)
{
	return smtp_client_open(t, true, arena, err);
}

static bool
idle(struct transport *t, int64_t now)
{
	struct smtp_client *c = t->state;

	return smtp_cache_expire(c->cache, now);
}

static void
close_client(struct transport *t)
{
	smtp_client_close(t->state);
}

const struct agent smtp_agent = { .command = "smtp",
	.open = open_smtp,
	.run = run_smtp,
	.idle = idle,
	.close = close_client };
const struct agent smtp_agent_lmtp = { .command = "lmtp",
	.open = open_lmtp,
	.run = run_smtp,
	.idle = idle,
	.close = close_client };

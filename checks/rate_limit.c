/* rate_limit.c - see rate_limit.h. */
#include "checks/rate_limit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/counters.h"
#include "base/event.h"
#include "base/net.h"
#include "checks/action.h"
#include "checks/check.h"
#include "checks/checks_events.h"
#include "checks/fact.h"
#include "checks/letters.h"
#include "checks/note.h"
#include "checks/rate_rule.h"
#include "checks/rate_spec.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/world.h"

/* What is to be counted: whose it is, what it is a part of, and how much. */
struct load {
	const char *key;   /* of the bucket: the facts */
	const char *thing; /* NULL: nothing is to be counted here */
	const char *whole; /* NULL: it is no part */
	int64_t amount;
};

static struct counter within = { .name = "rate_limit: within the limit" },
		      beyond = { .name = "rate_limit: beyond the limit" },
		      unasked = { .name = "rate_limit: memory away" };

static bool
is_at(const struct ask *ask, const char *where)
{
	return strcmp(ask->where, where) == 0;
}

/* All recipients are known. */
static bool
is_complete(const struct ask *ask)
{
	return is_at(ask, "DATA") || is_at(ask, "BDAT") ||
	    is_at(ask, "END-OF-MESSAGE");
}

static const char *
network_of(const struct rate_spec *spec, const struct subject *s)
{
	struct net_addr network;
	char text[NET_TEXT];

	if (s->client.family != NET_IPV4 && s->client.family != NET_IPV6)
		return NULL;
	network = net_network(&s->client,
	    (unsigned)(s->client.family == NET_IPV4 ? spec->ipv4_prefix
						    : spec->ipv6_prefix));
	return arena_strdup(s->arena, net_print(&network, text));
}

/* Blanks stand between facts, so there are none in them. */
static void
put_fact(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c <= ' ' || c == '%' || c == 127)
			buf_printf(out, "%%%02X", c);
		else
			buf_putc(out, *value);
	}
}

/* NULL: a fact is not known, as the name of a client without one, or the null
 * sender, which is nobody. */
static const char *
key_of(const struct ask *ask, const struct rate_spec *spec)
{
	const struct subject *s = ask->subject;
	struct buf out = { 0 };
	const char *key = NULL;

	for (size_t i = 0; i < spec->nfacts; i++) {
		const char *value = spec->facts[i] != NULL
		    ? spec->facts[i]->text(ask)
		    : network_of(spec, s);

		if (value == NULL || value[0] == '\0' ||
		    strcasecmp(value, "unknown") == 0)
			goto done;
		if (i > 0)
			buf_putc(&out, ' ');
		put_fact(&out, value);
	}
	key = arena_lower(s->arena, buf_str(&out));
done:
	buf_free(&out);
	return key;
}

/* A message; who does not say which it is: one of its own. */
static const char *
message_of(const struct subject *s)
{
	if (s->instance != NULL && s->instance[0] != '\0')
		return s->instance;
	return arena_printf(
	    s->arena, "%llx", (unsigned long long)world_now(s->world));
}

/* A session: of our own, since when it is; of another MTA, its client's address
 * and port, which alone are the same in all requests about it: "instance" is of a
 * message (process, time, number), and empty before RCPT.  Without a port, as of
 * an old Postfix, a message is one. */
static const char *
session_of(const struct subject *s)
{
	const char *port = s->client_port != NULL ? s->client_port : "";
	const char *addr = s->client_addr != NULL ? s->client_addr : "";

	if (s->begun != 0)
		return arena_printf(s->arena, "%s:%s:%llx", addr, port,
		    (unsigned long long)s->begun);
	if (strtol(port, NULL, 10) == 0)
		return message_of(s);
	return arena_printf(s->arena, "%s:%s", addr, port);
}

static void
weigh_recipients(const struct ask *ask, struct load *load)
{
	const struct subject *s = ask->subject;

	if (is_complete(ask)) {
		load->thing = message_of(s);
		load->amount = (int64_t)s->recipient_count;
	} else if (is_at(ask, "RCPT") && s->recipient != NULL) {
		load->whole = message_of(s);
		load->thing =
		    arena_printf(s->arena, "%s %s", load->whole, s->recipient);
		load->amount = 1;
	}
}

static void
weigh(const struct ask *ask, const struct rate_spec *spec, struct load *load)
{
	const struct subject *s = ask->subject;

	switch (spec->unit) {
	case RATE_CONNECTIONS:
		load->thing = session_of(s);
		load->amount = 1;
		break;
	case RATE_MESSAGES:
		load->thing = s->sender != NULL ? message_of(s) : NULL;
		load->amount = 1;
		break;
	case RATE_BYTES:
		load->thing = s->sender != NULL ? message_of(s) : NULL;
		load->amount = s->size;
		break;
	case RATE_RECIPIENTS:
		weigh_recipients(ask, load);
		break;
	}
}

static void
prepare(const struct ask *ask, const struct rate_spec *spec,
    const struct load *load, struct memory_question *q)
{
	struct arena *arena = ask->subject->arena;
	const char *bucket = arena_printf(arena, "%s %s", spec->id, load->key);

	*q = (struct memory_question){
		.rule = load->whole != NULL ? &rate_rule_part : &rate_rule,
		.keys = { bucket,
		    arena_printf(arena, "%s %s", bucket, load->thing) },
		.args = { [RATE_RATE] = spec->rate,
		    [RATE_PERIOD] = spec->period,
		    [RATE_CAPACITY] = spec->capacity,
		    [RATE_AMOUNT] = load->amount },
	};
	if (load->whole != NULL)
		q->keys[RATE_WHOLE] =
		    arena_printf(arena, "%s %s", bucket, load->whole);
}

/* A reply is about the first of the facts. */
static void
set_class(struct ask *ask, const struct rate_spec *spec)
{
	/* clang-format off */
	static const struct {
		const char *prefix, *class;
	} classes[] = {
		{ "client_", "Client host" },
		{ "reverse_", "Unverified Client host" },
		{ "helo_", "Helo command" },
		{ "sender", "Sender address" },
		{ "recipient", "Recipient address" },
		{ "sasl_username", "SASL login name" },
		{ "ccert_", "Client certificate" },
	};
	/* clang-format on */
	const struct subject *s = ask->subject;
	const char *fact = spec->nfacts == 0 || spec->facts[0] == NULL
	    ? "client_"
	    : spec->facts[0]->name;

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
		if (strncmp(fact, classes[i].prefix,
			strlen(classes[i].prefix)) != 0)
			continue;
		ask->class = classes[i].class;
		if (i == 0)
			ask->name = note_client(s);
		else if (strcmp(classes[i].prefix, "sender") == 0)
			ask->name = s->sender;
		else if (strcmp(classes[i].prefix, "recipient") == 0)
			ask->name = s->recipient;
		else
			ask->name = spec->facts[0]->text(ask);
	}
}

static void
note(const struct ask *ask, const struct rate_spec *spec, const char *key,
    const int64_t *results)
{
	const struct subject *s = ask->subject;
	struct event_by by = *s->by;

	by.qid = s->queue_id;
	event(&checks_events_rate_limit, &by, "name", spec->name, "key", key,
	    "limit", spec->text, "used",
	    arena_printf(s->arena, "%lld", (long long)results[RATE_USED]),
	    "wait", letters_seconds(s->arena, results[RATE_WAIT], 999),
	    "client", s->client_name, "address", s->client_addr, "sender",
	    s->sender != NULL && s->sender[0] != '\0' ? s->sender : NULL,
	    "recipient", s->recipient, NULL);
}

static void
away(struct ask *ask, const struct rate_spec *spec, const char *why,
    struct answer *answer)
{
	bool passes = spec->away == RATE_AWAY_UNSET
	    ? ask->site->rate_limit_away == ANSWER_DUNNO
	    : spec->away == RATE_AWAY_DUNNO;

	counters_add(&unasked);
	event_warning(ask->subject->by, "rate_limit: %s; %s", why,
	    passes ? "the mail passes" : "the mail is deferred");
	if (!passes)
		answer_cannot_ask(ask, answer, ask->name);
}

void
rate_limit_ask(struct ask *ask, struct answer *answer)
{
	const struct rate_spec *spec = ask->argument->rate;
	struct subject *s = ask->subject;
	struct load load = { .key = key_of(ask, spec) };
	int64_t results[MEMORY_RESULTS] = { 0 };
	struct memory_question q;
	const char *why = NULL, *action;

	weigh(ask, spec, &load);
	if (load.key == NULL || load.thing == NULL)
		return;
	prepare(ask, spec, &load, &q);
	if (!world_remember(s->world, s->arena, &q, results, &why)) {
		answer->input = q.keys[RATE_BUCKET];
		away(ask, spec, why, answer);
		return;
	}
	answer->input = arena_printf(s->arena, "%s: %lld of %lld %s",
	    q.keys[RATE_BUCKET], (long long)results[RATE_USED],
	    (long long)spec->capacity, spec->unit_name);
	counters_add(results[RATE_WAIT] == 0 ? &within : &beyond);
	if (results[RATE_WAIT] == 0)
		return;
	note(ask, spec, load.key, results);
	set_class(ask, spec);
	action = letters_fill(s->arena, spec->action, "s",
	    (const char *const[]){
		letters_seconds(s->arena, results[RATE_WAIT], 999) });
	action_parse(ask, "rate_limit", load.key, action, answer);
}

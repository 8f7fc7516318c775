/* dnsbl.c - see dnsbl.h. */
#include "checks/dnsbl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/dns.h"
#include "base/event.h"
#include "checks/check.h"
#include "checks/dnsbl_cache.h"
#include "checks/dnsbl_filter.h"
#include "checks/dnsbl_health.h"
#include "checks/dnsbl_reply.h"
#include "checks/lookup.h"
#include "checks/relay_checks.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/world.h"

enum { MOST_REASON = 500, MOST_AT_ONCE = 64 };

/* A question of this evaluation. */
struct dnsbl_query {
	struct dnsbl_query *next;
	const char *name; /* "2.0.0.127.zone", "example.com.zone" */
	struct dnsbl_list list;
	struct dns_answer answer;
	enum lookup_status status;
	bool answered, sifted;
	struct dns_question *points[2]; /* that test the list, or NULL */
};

/* What is asked at once: each query with the points of its list. */
struct round {
	struct dns_question questions[3 * MOST_AT_ONCE];
	size_t count;
};

/* RFC 5782, 2.1 and 2.4: octets or nibbles, last first. */
static const char *
reversed(const struct ask *ask, const char *zone)
{
	const struct net_addr *addr = &ask->subject->client;
	struct arena *arena = ask->subject->arena;
	const unsigned char *o = addr->octets;
	struct buf out = { 0 };
	const char *name = NULL;

	if (addr->family == NET_IPV4)
		return arena_printf(
		    arena, "%u.%u.%u.%u.%s", o[3], o[2], o[1], o[0], zone);
	if (addr->family != NET_IPV6)
		return NULL;
	for (unsigned i = 16; i-- > 0;)
		buf_printf(&out, "%x.%x.", o[i] & 15U, o[i] >> 4U);
	name = arena_printf(arena, "%s%s", buf_str(&out), zone);
	buf_free(&out);
	return name;
}

/* The domain that a name list can be asked for, or NULL: literals, numbers and
 * what is no name stand in none. */
static const char *
listed_domain(const struct ask *ask)
{
	const char *at = strrchr(ask->value, '@'), *domain, *suffix;
	size_t n;

	domain = address_alabel(
	    ask->subject->arena, at != NULL ? at + 1 : ask->value);
	if (domain == NULL || domain[0] == '\0' ||
	    !dns_valid_hostname(domain, true))
		return NULL;
	suffix = strrchr(domain, '.');
	suffix = suffix != NULL ? suffix + 1 : domain;
	n = strspn(suffix, "0123456789");
	return suffix[n] == '\0' ? NULL : domain;
}

static bool
asks_address(const struct ask *ask)
{
	return ask->check->ask == dnsbl_reject_address ||
	    ask->check->ask == dnsbl_permit_address ||
	    ask->check->ask == dnsbl_maps_rbl;
}

static const char *
query_name(const struct ask *ask, const char *zone)
{
	const char *domain;

	if (asks_address(ask))
		return reversed(ask, zone);
	domain = listed_domain(ask);
	return domain == NULL
	    ? NULL
	    : arena_printf(ask->subject->arena, "%s.%s", domain, zone);
}

static struct dnsbl_list
list_of(const struct ask *ask, const char *zone)
{
	return (
	    struct dnsbl_list){ .zone = zone, .by_name = !asks_address(ask) };
}

static struct dnsbl_health_times
times_of(const struct ask *ask)
{
	return (struct dnsbl_health_times){
		.now = world_mono(ask->subject->world),
		.interval = ask->site->params.weir_dnsbl_test_interval,
		.suspend = ask->site->params.weir_dnsbl_suspend_time,
	};
}

/* The query of this evaluation for ${name} in ${zone}; noted if it is new. */
static struct dnsbl_query *
want(struct ask *ask, const char *name, const char *zone)
{
	struct subject *s = ask->subject;
	struct dnsbl_query *q;

	for (q = ask->dnsbl; q != NULL; q = q->next)
		if (strcmp(q->name, name) == 0)
			return q;
	q = arena_alloc(s->arena, sizeof *q);
	q->name = name;
	q->list = list_of(ask, zone);
	q->answered = dnsbl_cache_find(
	    name, DNS_A, world_mono(s->world), s->arena, &q->answer);
	if (!q->answered && ask->site->params.weir_dnsbl_self_test &&
	    dnsbl_health_resting(&q->list, world_mono(s->world))) {
		q->answered = true;
		q->answer.status = DNS_NXDOMAIN;
	}
	q->next = ask->dnsbl;
	ask->dnsbl = q;
	return q;
}

void
dnsbl_want(struct ask *ask)
{
	const char *name;

	if (ask->argument->zone == NULL)
		return;
	name = query_name(ask, ask->argument->zone);
	if (name != NULL)
		(void)want(ask, name, ask->argument->zone);
}

/* An answer that is none tells of the list, not of what was asked for. */
static void
look_for_error(const struct ask *ask, const struct dnsbl_query *q)
{
	const struct event_by *by = ask->subject->by;
	const struct dnsbl_health_times times = times_of(ask);

	for (size_t i = 0; i < q->answer.count; i++) {
		const unsigned char *o = q->answer.records[i].octets;

		if (dnsbl_health_listing(o))
			continue;
		if (ask->site->params.weir_dnsbl_self_test)
			dnsbl_health_blame(&q->list, &times, by, o);
		else
			event_warning(by,
			    "%s: RBL answer %u.%u.%u.%u is an error, not a "
			    "listing",
			    q->name, o[0], o[1], o[2], o[3]);
		return;
	}
}

static struct dns_question *
add(struct round *round, const char *name)
{
	struct dns_question *question = &round->questions[round->count++];

	memset(question, 0, sizeof *question);
	question->name = name;
	question->type = DNS_A;
	return question;
}

/* The points of the list of ${q}, if it is time to test it.  They are asked
 * for together with what the session wants to know, so that nobody waits. */
static void
add_test(const struct ask *ask, struct round *round, struct dnsbl_query *q)
{
	const struct dnsbl_health_times times = times_of(ask);
	struct arena *arena = ask->subject->arena;

	if (!ask->site->params.weir_dnsbl_self_test ||
	    !dnsbl_health_due(&q->list, &times))
		return;
	for (unsigned i = 0; i < 2; i++)
		q->points[i] = add(round,
		    arena_printf(arena, "%s.%s",
			dnsbl_health_point(
			    &q->list, (enum dnsbl_health_point)i),
			q->list.zone));
}

static void
take_answer(
    const struct ask *ask, struct dnsbl_query *q, struct dns_question *question)
{
	const struct dnsbl_health_times times = times_of(ask);

	q->answer = question->answer;
	dnsbl_cache_keep(q->name, DNS_A, times.now, &q->answer);
	if (q->points[0] != NULL)
		dnsbl_health_judge(&q->list, &times, ask->subject->by,
		    &q->points[DNSBL_HEALTH_HAS]->answer,
		    &q->points[DNSBL_HEALTH_LACKS]->answer);
	if (q->answer.status == DNS_FOUND)
		look_for_error(ask, q);
}

void
dnsbl_fetch(struct ask *ask)
{
	struct subject *s = ask->subject;
	struct round round = { 0 };
	struct dns_question *own[MOST_AT_ONCE];
	struct dnsbl_query *queries[MOST_AT_ONCE], *q;
	size_t n = 0;

	for (q = ask->dnsbl; q != NULL && n < MOST_AT_ONCE; q = q->next) {
		if (q->answered)
			continue;
		q->answered = true;
		own[n] = add(&round, q->name);
		queries[n++] = q;
		add_test(ask, &round, q);
	}
	if (n == 0)
		return;
	world_dns_all(s->world, s->arena, round.questions, round.count,
	    world_mono(s->world) + ask->site->params.weir_dnsbl_time_limit);
	for (size_t i = 0; i < n; i++)
		take_answer(ask, queries[i], own[i]);
}

/* The answer for ${name}, filtered; a failure is told once. */
static const struct dnsbl_query *
query(struct ask *ask, const char *name, const char *zone)
{
	struct dnsbl_query *q = want(ask, name, zone);
	const char *why;

	while (!q->answered)
		dnsbl_fetch(ask);
	if (q->sifted)
		return q;
	q->sifted = true;
	q->status = lookup_sift(ask, name, DNS_A, &q->answer, &why);
	if (q->status != LOOKUP_FOUND && q->status != LOOKUP_NONE)
		event_warning(ask->subject->by,
		    "%s: RBL lookup error: Error looking up name=%s type=A: "
		    "%s",
		    name, name, why);
	return q;
}

enum listing { LISTED, NOT_LISTED, CANNOT_ASK };

static enum listing
find(struct ask *ask, const char *name, const char *zone,
    const struct dnsbl_filter *filter)
{
	const struct dnsbl_query *q;

	if (name == NULL)
		return NOT_LISTED;
	q = query(ask, name, zone);
	if (ask->site->params.weir_dnsbl_self_test &&
	    dnsbl_health_suspended(&q->list))
		return NOT_LISTED;
	if (q->status == LOOKUP_NONE)
		return NOT_LISTED;
	if (q->status != LOOKUP_FOUND)
		return CANNOT_ASK;
	for (size_t i = 0; i < q->answer.count; i++) {
		const unsigned char *octets = q->answer.records[i].octets;

		if (dnsbl_health_listing(octets) &&
		    (filter == NULL || dnsbl_filter_has(filter, octets)))
			return LISTED;
	}
	return NOT_LISTED;
}

/* What the list says about the entry, made fit for a reply line. */
static const char *
reason_for(struct ask *ask, const char *name)
{
	struct subject *s = ask->subject;
	struct dns_answer answer = { 0 };
	struct buf out = { 0 };
	enum lookup_status status;
	const char *why, *reason;

	if (!dnsbl_cache_find(
		name, DNS_TXT, world_mono(s->world), s->arena, &answer)) {
		world_dns(s->world, s->arena, name, DNS_TXT, &answer);
		dnsbl_cache_keep(name, DNS_TXT, world_mono(s->world), &answer);
	}
	status = lookup_sift(ask, name, DNS_TXT, &answer, &why);
	if (status != LOOKUP_FOUND) {
		if (status != LOOKUP_NONE)
			event_warning(
			    s->by, "%s: TXT lookup error: %s", name, why);
		return "";
	}
	for (size_t i = 0; i < answer.count && out.len < MOST_REASON; i++)
		buf_printf(
		    &out, "%s%s", i > 0 ? " / " : "", answer.records[i].name);
	if (out.len > MOST_REASON)
		buf_cut(&out, MOST_REASON);
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < 32 || out.data[i] == 127)
			out.data[i] = ' ';
	reason = arena_strdup(s->arena, buf_str(&out));
	buf_free(&out);
	return reason;
}

static void
judge(struct ask *ask, struct answer *answer)
{
	const struct argument *a = ask->argument;
	const char *name = query_name(ask, a->zone);

	answer->input = name;
	if (find(ask, name, a->zone, a->filter) == LISTED)
		dnsbl_reply(ask, a->text, reason_for(ask, name), answer);
}

void
dnsbl_reject_address(struct ask *ask, struct answer *answer)
{
	/* The reply is about the address, whatever its name is. */
	ask->value = ask->subject->client_addr;
	judge(ask, answer);
}

void
dnsbl_reject_domain(struct ask *ask, struct answer *answer)
{
	judge(ask, answer);
}

static void
allow(struct ask *ask, struct answer *answer)
{
	const struct argument *a = ask->argument;
	const char *name = query_name(ask, a->zone);
	const char *recipient = ask->subject->recipient;

	answer->input = name;
	/* To be trusted is not to be let relay. */
	if (strcmp(ask->where, "RCPT") == 0 && recipient != NULL &&
	    !relay_checks_authorized(ask, recipient, answer))
		return;
	switch (find(ask, name, a->zone, a->filter)) {
	case LISTED:
		answer->kind = ANSWER_PERMIT;
		break;
	case NOT_LISTED:
		break;
	case CANNOT_ASK:
		answer_reject(ask, answer, 450, "4.7.1",
		    "<%s>: %s rejected: %s", ask->value, ask->class,
		    "Service unavailable");
		answer_soften(ask, answer, ANSWER_DEFER_IF_REJECT);
		break;
	}
}

void
dnsbl_permit_address(struct ask *ask, struct answer *answer)
{
	ask->value = ask->subject->client_addr;
	allow(ask, answer);
}

void
dnsbl_permit_domain(struct ask *ask, struct answer *answer)
{
	allow(ask, answer);
}

void
dnsbl_maps_rbl(struct ask *ask, struct answer *answer)
{
	const char *zones = ask->site->params.maps_rbl_domains, *zone, *name;

	ask->value = ask->subject->client_addr;
	while (answer->kind == ANSWER_DUNNO &&
	    (zone = conf_word(&zones, ask->subject->arena)) != NULL) {
		name = query_name(ask, zone);
		answer->input = name;
		if (find(ask, name, zone, NULL) == LISTED)
			dnsbl_reply(ask, zone, reason_for(ask, name), answer);
	}
}

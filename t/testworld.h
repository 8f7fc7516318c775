/* testworld.h - a world whose answers a test writes down: DNS from a small
 * zone text, policy services and address probes from lists, time from a
 * variable.  Tables are real. */
#ifndef T_TESTWORLD_H
#define T_TESTWORLD_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "rules/memory.h"
#include "rules/world.h"

/* What a policy service, or a probe of an address, answers.  A NULL answer:
 * the service is away. */
struct testworld_answer {
	const char *to; /* the end point, or the address */
	const char *answer;
};

struct testworld {
	struct world world; /* first */
	const char *zone;   /* lines of "name TYPE data", '#' comments; name may
			     * be "*.below"; type SERVFAIL: could not ask */
	const struct testworld_answer *policies; /* ended by a NULL to */
	const struct testworld_answer *probes;   /* "" : good */
	const char *policy_request;              /* the latest */
	struct memory *memory; /* the test's; NULL: it is away */
	int64_t now;           /* both clocks */
	uint64_t random;
	unsigned dns_asked, tables_asked;
};

static const struct {
	const char *name;
	enum dns_type type;
} testworld_types[] = {
	{ "A", DNS_A },
	{ "NS", DNS_NS },
	{ "CNAME", DNS_CNAME },
	{ "PTR", DNS_PTR },
	{ "MX", DNS_MX },
	{ "TXT", DNS_TXT },
	{ "AAAA", DNS_AAAA },
	{ "SRV", DNS_SRV },
};

/* One line of the zone. */
struct testworld_line {
	char name[256], type[16], data[1024];
};

static inline bool
testworld_next(const char **zone, struct testworld_line *line)
{
	char text[2048];

	while (**zone != '\0') {
		size_t n = strcspn(*zone, "\n");

		(void)snprintf(text, sizeof text, "%.*s", (int)n, *zone);
		*zone += n + ((*zone)[n] == '\n');
		text[strcspn(text, "#")] = '\0';
		line->data[0] = '\0';
		if (sscanf(text, "%255s %15s %1023[^\n]", line->name,
			line->type, line->data) >= 2)
			return true;
	}
	return false;
}

/* The name in the zone that ${name} is answered with: itself, or a "*.below".
 * False: none.  *below: others are below it. */
static inline bool
testworld_owner(
    const char *zone, const char *name, char owner[256], bool *below)
{
	struct testworld_line line;
	const char *p = zone, *dot;
	size_t len = strlen(name), n;

	*below = false;
	while (testworld_next(&p, &line)) {
		n = strlen(line.name);
		if (n > len && line.name[n - len - 1] == '.' &&
		    strcasecmp(line.name + n - len, name) == 0)
			*below = true;
		if (strcasecmp(line.name, name) == 0) {
			(void)snprintf(owner, 256, "%s", name);
			return true;
		}
	}
	for (dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		(void)snprintf(owner, 256, "*%s", dot);
		for (p = zone; testworld_next(&p, &line);)
			if (strcasecmp(line.name, owner) == 0)
				return true;
	}
	return false;
}

static inline void
testworld_record(struct arena *arena, const struct testworld_line *line,
    enum dns_type type, struct dns_record *record)
{
	char host[256] = "";
	size_t len;

	if (type == DNS_A)
		(void)inet_pton(AF_INET, line->data, record->octets);
	if (type == DNS_AAAA)
		(void)inet_pton(AF_INET6, line->data, record->octets);
	record->raw = record->octets;
	record->nraw = type == DNS_A ? 4 : type == DNS_AAAA ? 16 : 0;
	record->name = line->data;
	if (type == DNS_MX) {
		(void)sscanf(line->data, "%u %255s", &record->preference, host);
		record->name = host;
	}
	if (type == DNS_SRV) {
		(void)sscanf(line->data, "%u %u %u %255s", &record->preference,
		    &record->weight, &record->port, host);
		record->name = host;
	}
	len = strlen(record->name);
	if (type != DNS_TXT && len > 0 && record->name[len - 1] == '.')
		len--;
	record->name = arena_strndup(arena, record->name, len);
	if (type != DNS_TXT)
		record->name = arena_lower(arena, record->name);
}

static inline void
testworld_answer(
    const char *zone, struct arena *arena, struct dns_question *question)
{
	enum { MOST = 64 };
	struct dns_record *records = arena_alloc(arena, MOST * sizeof *records);
	struct dns_answer *answer = &question->answer;
	struct testworld_line line;
	char owner[256];
	bool below;
	int chain = 0;

	*answer = (struct dns_answer){ .records = records, .ttl = 60 };
	answer->canon = question->name;
again:
	if (!testworld_owner(zone, answer->canon, owner, &below)) {
		answer->status = below ? DNS_NODATA : DNS_NXDOMAIN;
		return;
	}
	answer->status = DNS_NODATA;
	for (const char *p = zone; testworld_next(&p, &line);) {
		if (strcasecmp(line.name, owner) != 0)
			continue;
		if (strcmp(line.type, "SERVFAIL") == 0) {
			answer->status = DNS_RETRY;
			return;
		}
		if (strcmp(line.type, "CNAME") == 0 &&
		    question->type != DNS_CNAME && chain++ < 8) {
			answer->canon = arena_lower(arena, line.data);
			goto again;
		}
		for (size_t i = 0;
		     i < sizeof testworld_types / sizeof *testworld_types; i++)
			if (testworld_types[i].type == question->type &&
			    strcmp(line.type, testworld_types[i].name) == 0 &&
			    answer->count < MOST)
				testworld_record(arena, &line, question->type,
				    &records[answer->count++]);
	}
	if (answer->count > 0)
		answer->status = DNS_FOUND;
}

static inline void
testworld_ask_all(struct world *world, struct arena *arena,
    struct dns_question *questions, size_t n, int64_t deadline)
{
	struct testworld *t = (struct testworld *)world;

	(void)deadline;
	for (size_t i = 0; i < n; i++) {
		t->dns_asked++;
		testworld_answer(t->zone, arena, &questions[i]);
	}
}

static inline enum table_status
testworld_find(struct world *world, struct arena *arena, struct table *table,
    const char *key, struct table_value *value)
{
	((struct testworld *)world)->tables_asked++;
	return table_find(table, arena, key, value);
}

static inline const char *
testworld_policy(struct world *world, struct arena *arena,
    const struct world_service *to, const char *request, int64_t deadline,
    const char **why)
{
	struct testworld *t = (struct testworld *)world;

	(void)deadline;
	t->policy_request = arena_strdup(arena, request);
	*why = "Connection refused";
	for (const struct testworld_answer *a = t->policies;
	     a != NULL && a->to != NULL; a++)
		if (strcmp(a->to, to->endpoint) == 0)
			return a->answer;
	return NULL;
}

static inline enum world_probe
testworld_verify(struct world *world, struct arena *arena, const char *address,
    const char **text)
{
	struct testworld *t = (struct testworld *)world;

	(void)arena;
	*text = "";
	for (const struct testworld_answer *a = t->probes;
	     a != NULL && a->to != NULL; a++) {
		if (strcmp(a->to, address) != 0)
			continue;
		if (a->answer == NULL)
			return WORLD_PROBE_FAILED;
		*text = a->answer;
		return *a->answer == '\0' ? WORLD_PROBE_OK
		    : *a->answer == '4'   ? WORLD_PROBE_UNKNOWN
					  : WORLD_PROBE_BAD;
	}
	return WORLD_PROBE_PENDING;
}

static inline bool
testworld_remember(struct world *world, struct arena *arena,
    const struct memory_question *question, int64_t *results, const char **why)
{
	struct testworld *t = (struct testworld *)world;

	(void)arena;
	*why = "it is away";
	if (t->memory != NULL)
		memory_decide(t->memory, question, t->now / CLOCK_MS, results);
	return t->memory != NULL;
}

static inline int64_t
testworld_now(struct world *world)
{
	return ((struct testworld *)world)->now;
}

static inline uint64_t
testworld_random(struct world *world)
{
	return ((struct testworld *)world)->random++;
}

static const struct world_ops testworld_ops = {
	.ask_all = testworld_ask_all,
	.find = testworld_find,
	.policy = testworld_policy,
	.verify = testworld_verify,
	.remember = testworld_remember,
	.now = testworld_now,
	.mono = testworld_now,
	.random = testworld_random,
};

/* testworld_new(zone): a world with that zone (NULL: empty), at a fixed time,
 * without policies and probes: set the members that matter. */
static inline struct testworld
testworld_new(const char *zone)
{
	return (struct testworld){
		.world = { .ops = &testworld_ops },
		.zone = zone != NULL ? zone : "",
		.now = INT64_C(1700000000) * CLOCK_SECOND,
	};
}

#endif

/* spf_inquiry.c - see spf_inquiry.h. */
#include "checks/spf_inquiry.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "checks/spf_record.h"
#include "rules/world.h"

/* Of the octets of all TXT answers: a policy asks for some ten of them, and
 * what is not a policy is left out. */
enum { MOST_TEXT = 8 * SPF_RECORD_MOST };

/* The strings of a TXT record, joined. */
static struct spf_datum
join(struct arena *arena, const struct dns_record *record)
{
	struct spf_datum datum = { "", 0 };
	struct buf text = { 0 };

	/* A script has no record, but its text. */
	if (record->raw == NULL) {
		datum.data = record->name;
		datum.len = strlen(record->name);
		return datum;
	}
	for (size_t i = 0; i < record->nraw; i += 1 + record->raw[i]) {
		size_t left = record->nraw - i - 1, n = record->raw[i];

		buf_put(&text, (const char *)record->raw + i + 1,
		    n < left ? n : left);
	}
	if (text.len > 0) {
		char *copy = arena_alloc(arena, text.len + 1);

		memcpy(copy, text.data, text.len);
		datum = (struct spf_datum){ copy, text.len };
	}
	buf_free(&text);
	return datum;
}

static struct spf_datum
datum_of(
    struct arena *arena, enum dns_type type, const struct dns_record *record)
{
	switch (type) {
	case DNS_A:
		return (struct spf_datum){ (const char *)record->octets, 4 };
	case DNS_AAAA:
		return (struct spf_datum){ (const char *)record->octets, 16 };
	case DNS_TXT:
		return join(arena, record);
	default:
		return (struct spf_datum){ record->name, strlen(record->name) };
	}
}

/* What an answer says.  Of a TXT only policies count: others may be long. */
static struct spf_fact
fact_of(struct arena *arena, const struct dns_question *q)
{
	const struct dns_answer *answer = &q->answer;
	struct spf_datum *data =
	    arena_alloc(arena, (answer->count + 1) * sizeof *data);
	struct spf_fact fact = { q->name, q->type, answer->status, data, 0 };
	size_t octets = 0;

	if (answer->status == DNS_INVALID)
		fact.status = DNS_RETRY;
	if (answer->status != DNS_FOUND)
		return fact;
	for (size_t i = 0; i < answer->count; i++) {
		struct spf_datum d =
		    datum_of(arena, q->type, &answer->records[i]);

		if (q->type == DNS_TXT && !spf_record_is(d.data, d.len))
			continue;
		/* It is told to be too long by its first part. */
		if (d.len > SPF_RECORD_MOST + 1)
			d.len = SPF_RECORD_MOST + 1;
		octets += d.len;
		if (octets <= MOST_TEXT)
			data[fact.count++] = d;
	}
	return fact;
}

static bool
is_known(const struct spf_query *query, const struct spf_want *want)
{
	for (size_t i = 0; i < query->nfacts; i++)
		if (query->facts[i].type == want->type &&
		    strcasecmp(query->facts[i].name, want->name) == 0)
			return true;
	return false;
}

/* Ask the DNS.  False: it has been asked for that, or for too much. */
static bool
learn(struct world *world, struct arena *arena, struct spf_query *query,
    struct spf_fact *facts, const struct spf_reply *reply, int64_t deadline)
{
	struct dns_question questions[SPF_MOST_WANTS];

	if (query->nfacts + reply->nwants > SPF_MOST_FACTS)
		return false;
	for (size_t i = 0; i < reply->nwants; i++) {
		if (is_known(query, &reply->wants[i]))
			return false;
		questions[i] = (struct dns_question){
			.name = reply->wants[i].name,
			.type = reply->wants[i].type,
		};
	}
	world_dns_all(world, arena, questions, reply->nwants, deadline);
	for (size_t i = 0; i < reply->nwants; i++)
		facts[query->nfacts++] = fact_of(arena, &questions[i]);
	return true;
}

enum spf_result
spf_inquiry_run(struct world *world, struct arena *arena,
    struct spf_query *query, int64_t deadline, const char **why)
{
	struct spf_fact *facts =
	    arena_alloc(arena, SPF_MOST_FACTS * sizeof *facts);
	struct spf_reply reply;

	query->facts = facts;
	query->nfacts = 0;
	for (;;) {
		*why = "the time limit has passed";
		if (world_mono(world) >= deadline)
			return SPF_TEMPERROR;
		*why = "the policy could not be evaluated";
		if (world->ops->spf == NULL ||
		    !world->ops->spf(world, arena, query, &reply, deadline))
			return SPF_TEMPERROR;
		*why = reply.why;
		if (reply.nwants == 0)
			return reply.result;
		*why = "the evaluation does not end";
		if (!learn(world, arena, query, facts, &reply, deadline))
			return SPF_TEMPERROR;
	}
}

/* world.h - all that a decision learns from outside: live, scripted or
 * recorded.  No check asks the resolver, a table or the clock directly. */
#ifndef RULES_WORLD_H
#define RULES_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dns.h"
#include "rules/table.h"

struct arena;
struct memory_question;
struct spf_memo;
struct spf_query;
struct spf_reply;
struct world;

/* What an address verification found out. */
enum world_probe {
	WORLD_PROBE_OK,
	WORLD_PROBE_BAD,     /* undeliverable; ${text} says why */
	WORLD_PROBE_UNKNOWN, /* a temporary failure; ${text} */
	WORLD_PROBE_PENDING, /* not known yet */
	WORLD_PROBE_FAILED,  /* the service is down */
};

/* A policy service, and how long a connection to it is good for: unused, in
 * all (nanoseconds), and for how many requests; -1: what holds for all. */
struct world_service {
	const char *endpoint; /* "inet:host:port", "unix:path" */
	int64_t max_idle, max_ttl, request_limit;
};

struct world_ops {
	void (*ask_all)(struct world *world, struct arena *arena,
	    struct dns_question *questions, size_t n, int64_t deadline);
	enum table_status (*find)(struct world *world, struct arena *arena,
	    struct table *table, const char *key, struct table_value *value);
	/* NULL: nothing is known. */
	enum table_hint (*hint)(struct world *world, struct table *table,
	    const char *text, size_t len);
	/* Send ${request} (attributes, ended by an empty line) to the policy
	 * service ${to}; the action, or NULL and the reason. */
	const char *(*policy)(struct world *world, struct arena *arena,
	    const struct world_service *to, const char *request,
	    int64_t deadline, const char **why);
	enum world_probe (*verify)(struct world *world, struct arena *arena,
	    const char *address, const char **text);
	/* As world_remember().  NULL: nothing is remembered. */
	bool (*remember)(struct world *world, struct arena *arena,
	    const struct memory_question *question, int64_t *results,
	    const char **why);
	/* Evaluate an SPF policy with the answers that are known so far (see
	 * checks/spf_terms.h).  False: it could not be; NULL: nobody can. */
	bool (*spf)(struct world *world, struct arena *arena,
	    const struct spf_query *query, struct spf_reply *reply,
	    int64_t deadline);
	int64_t (*now)(struct world *world);  /* wall clock */
	int64_t (*mono)(struct world *world); /* for durations */
	uint64_t (*random)(struct world *world);
};

/* A world begins with this; what follows is its own. */
struct world {
	const struct world_ops *ops;
	struct spf_memo *spf_memo; /* what was found out about messages; or
				    * NULL */
};

/* world_dns(world, arena, name, type, answer): one question, with the
 * resolver's own deadline. */
void world_dns(struct world *world, struct arena *arena, const char *name,
    enum dns_type type, struct dns_answer *answer);
void world_dns_all(struct world *world, struct arena *arena,
    struct dns_question *questions, size_t n, int64_t deadline);

/* world_find(world, arena, table, key, value): as table_find(). */
enum table_status world_find(struct world *world, struct arena *arena,
    struct table *table, const char *key, struct table_value *value);
/* world_find_any(): ask the tables of ${list} (NULL: none) in order; the first
 * that has the key answers; one that could not be asked, or has the key with
 * an empty value, ends the search with TABLE_FAILED and Postfix's warning.
 * world_find_part(): the same for a key that is a part of what is looked for;
 * tables that want whole keys are left out. */
enum table_status world_find_any(struct world *world, struct arena *arena,
    const struct table_list *list, const char *key, struct table_value *value);
enum table_status world_find_part(struct world *world, struct arena *arena,
    const struct table_list *list, const char *key, struct table_value *value);

/* world_hint(world, list, text, len): as table_hint(), for all tables of
 * ${list}; in a world that only plays nothing is known. */
enum table_hint world_hint(struct world *world, const struct table_list *list,
    const char *text, size_t len);

/* world_remember(world, arena, question, results, why): make a decision with
 * memory (rules/memory.h): its MEMORY_RESULTS results; false and the reason: it
 * could not be made, and nothing has changed. */
bool world_remember(struct world *world, struct arena *arena,
    const struct memory_question *question, int64_t *results, const char **why);

int64_t world_now(struct world *world);
int64_t world_mono(struct world *world);

#endif

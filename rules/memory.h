/* memory.h - decisions that remember: a few numbers under each of a few keys are
 * read, judged and replaced in one step, wherever they are kept.
 *
 * A rule is a pure function, so that every store (the embedded one, the one of a
 * trial, a script on a server that gateways share) decides alike. */
#ifndef RULES_MEMORY_H
#define RULES_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory;

enum {
	MEMORY_CELLS = 4,   /* keys of one decision */
	MEMORY_NUMBERS = 2, /* under each */
	MEMORY_ARGS = 4,
	MEMORY_RESULTS = 3,
};

/* What is kept under a key.  Times, here and below, are milliseconds since 1970
 * of the wall clock. */
struct memory_cell {
	bool there;
	bool changed; /* the rule has set what follows, to be kept */
	int64_t number[MEMORY_NUMBERS];
	int64_t expires; /* set together with changed; after now */
};

struct memory_rule {
	const char *name;
	size_t cells;
	const char *maps[MEMORY_CELLS]; /* where each of its keys is kept */
	/* Judge ${cells}; results that it does not set are 0, and if all are,
	 * there is nothing against the mail.  May be called
	 * again for one decision, and knows nothing but its arguments. */
	void (*decide)(struct memory_cell *cells, const int64_t *args,
	    int64_t now, int64_t *results);
	/* The same in Lua, for a Redis server: see checks/memory_redis.c.  A
	 * test holds the two to each other. */
	const char *script;
};

/* What is kept, as an administrator sees it. */
struct memory_entry {
	const char *map, *key;
	int64_t number[MEMORY_NUMBERS];
	int64_t expires;
};

/* What is to be decided: ${rule} with its keys, none of them NULL. */
struct memory_question {
	const struct memory_rule *rule;
	const char *keys[MEMORY_CELLS];
	int64_t args[MEMORY_ARGS];
};

/* memory_new(): remembers in this process alone, until memory_free(): for
 * trials and tests.  One thread at a time. */
struct memory *memory_new(void);
void memory_free(struct memory *memory);

/* memory_decide(memory, question, now, results): make the decision. */
void
memory_decide(struct memory *memory, const struct memory_question *question,
    int64_t now, int64_t results[MEMORY_RESULTS]);

#endif

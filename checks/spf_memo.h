/* spf_memo.h - what was found out about the message at hand: a list may be asked
 * for each of its recipients, and by another MTA in as many requests. */
#ifndef CHECKS_SPF_MEMO_H
#define CHECKS_SPF_MEMO_H

#include <stdbool.h>

#include "checks/spf_terms.h"

struct arena;
struct spf_memo;

/* One identity. */
struct spf_side {
	bool known;
	enum spf_result result;
	const char *why; /* of an error, else "" */
};

struct spf_found {
	struct spf_side helo, mail;
	bool told; /* the message has its header */
};

/* spf_memo_new(): remembers a bounded number of messages, the latest ones.  Any
 * thread may use it.  A NULL memo remembers nothing. */
struct spf_memo *spf_memo_new(void);
void spf_memo_free(struct spf_memo *memo);

/* spf_memo_find(memo, arena, key, found): what is known of the message ${key},
 * or nothing, all zero.  spf_memo_keep(): that from now on. */
void spf_memo_find(struct spf_memo *memo, struct arena *arena, const char *key,
    struct spf_found *found);
void spf_memo_keep(
    struct spf_memo *memo, const char *key, const struct spf_found *found);

#endif

/* rules.h - the compiled lists of one service. */
#ifndef CLASSES_RULES_H
#define CLASSES_RULES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/strmap.h"
#include "classes/classes_params.h"
#include "classes/list.h"

struct match;
struct site;

enum rules_list {
	RULES_CLIENT,
	RULES_HELO,
	RULES_SENDER,
	RULES_RELAY,
	RULES_RECIPIENT,
	RULES_DATA,
	RULES_END,
	RULES_ETRN,
	RULES_LISTS,
};

struct rules {
	struct arena *arena;
	struct classes_params params;
	struct site *site;
	struct strmap classes;
	struct strmap elsewhere; /* names that others know */
	struct list lists[RULES_LISTS];
	struct match *log_permit; /* smtpd_log_access_permit_actions */
	bool routes_block;
	bool memory_blocks; /* as in struct list_context */
	const char *unsafe; /* the safety check has failed, and how */

	/* What entries of tables have turned out to name. */
	pthread_rwlock_t lock;
	struct strmap found; /* of struct list */
	_Atomic enum wait found_waits;
};

/* rules_find(rules, text): the list that an entry of a table names, compiled
 * at its first use.  Never NULL; any thread. */
const struct list *rules_find(struct rules *rules, const char *text);

/* rules_found(rules, waits): an entry names something that waits so long.  Any
 * thread. */
void rules_found(struct rules *rules, enum wait waits);

#endif

/* fact.h - the registry of facts that conditions compare (expression.h). */
#ifndef CHECKS_FACT_H
#define CHECKS_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/match.h"

struct ask;

enum fact_type {
	FACT_BOOLEAN,
	FACT_NUMBER,
	FACT_TEXT,
	FACT_TIME, /* minutes since midnight, local time */
	FACT_DAY,  /* 0: Sunday */
};

/* Of text() and number() there is the one that the type needs. */
struct fact {
	const char *name;
	enum fact_type type;
	enum match_as as; /* how a list is asked for a text */
	/* In the subject's arena; NULL: not known. */
	const char *(*text)(const struct ask *ask);
	int64_t (*number)(const struct ask *ask);
	const char *help; /* for the manual */
	bool proven;      /* not everybody can arrange for it */
	bool past; /* of what has been before: asking may wait for a server */
};

/* fact_all(): the registry, ended by a NULL name. */
const struct fact *fact_all(void);

/* fact_find(name, n): the row of the ${n} octets at ${name}, or NULL.
 * fact_suggest(name): the name most like ${name}, or NULL. */
const struct fact *fact_find(const char *name, size_t n);
const char *fact_suggest(const char *name);

/* fact_day(name, n): 0 to 6 for sun to sat; -1: no day. */
int fact_day(const char *name, size_t n);

/* fact_type_name(type): "a number". */
const char *fact_type_name(enum fact_type type);

#endif

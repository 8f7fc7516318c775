/* lookups.h - the look-ups that one question has led to, in order: for the
 * bench to show. */
#ifndef WEIR_LOOKUPS_H
#define WEIR_LOOKUPS_H

#include "rules/table.h"
#include "rules/watch.h"

struct arena;
struct buf;

struct lookup {
	struct lookup *next;
	const char *table, *key;
	enum table_status status;
	struct table_value value;
};

struct lookups {
	struct arena *arena;      /* where they live; the caller's */
	const struct table *only; /* not those in other tables; NULL: all */
	struct lookup *first, *last;
};

/* lookups_told(arg, find): for watch_open(); ${arg} is a struct lookups. */
void lookups_told(void *arg, const struct watch_find *find);

/* lookups_forget(l): before arena_reset() or the next question. */
void lookups_forget(struct lookups *l);

/* lookups_print(l, indent): a line each on stdout, with the table unless all
 * are of one. */
void lookups_print(const struct lookups *l, int indent);

/* lookups_json(l, out): append an array of objects. */
void lookups_json(const struct lookups *l, struct buf *out);

/* lookups_answer(status, value, out): append "result", "value" or "reason",
 * "file" and "line". */
void lookups_answer(
    enum table_status status, const struct table_value *value, struct buf *out);

#endif

/* profile.h - what each rule of a pattern table does: how often it has matched,
 * when last, and if that is wanted how long trying it takes.  Counts are kept
 * in the memory of the program (base/state.h), where they outlive reloads and
 * restarts and follow a rule that has another line now. */
#ifndef RULES_PROFILE_H
#define RULES_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;
struct state;

/* profile_start(state, timed): counts go there, in the background
 * (base/chores.h), within some seconds; ${timed}: with times.  Both before
 * other threads use tables.  profile_stop(): what is left goes there now. */
void profile_start(struct state *state, bool timed);
void profile_stop(void);

/* profile_new(name, count): for a table with so many rules, none of which has a
 * line yet.  profile_rule(p, i, line, hash): it has one; ${hash} is that of its
 * text.  profile_ready(p): that was all.  profile_free(p): NULL is allowed; what it has
 * counted still goes to the store, in the background. */
struct profile *profile_new(const char *name, size_t count);
void profile_rule(struct profile *p, size_t i, unsigned line, uint32_t hash);
void profile_ready(struct profile *p);
void profile_free(struct profile *p);

/* profile_hit(p, i): rule ${i} has matched.  profile_timed(): times are wanted;
 * profile_tried(p, i, time): it took so many nanoseconds.  Any thread; a NULL
 * ${p} counts nothing. */
void profile_hit(struct profile *p, size_t i);
bool profile_timed(void);
void profile_tried(struct profile *p, size_t i, int64_t time);

/* What is known of a rule: times are nanoseconds, ${last} since 1970; 0: never
 * matched, or never measured. */
struct profile_entry {
	unsigned line;
	uint32_t hash;
	uint64_t hits, tries, time;
	int64_t last;
};

/* profile_each(state, fn, arg): for each table, by name; entries in order of
 * their lines.  0, or -1: could not be read. */
int profile_each(struct state *state,
    void (*fn)(void *arg, const char *name, const struct profile_entry *entries,
	size_t count),
    void *arg);

#endif

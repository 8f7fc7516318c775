/* schedule_notice.h - which notices a message's fate calls for.  For
 * schedule_end.c. */
#ifndef QUEUE_SCHEDULE_NOTICE_H
#define QUEUE_SCHEDULE_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/dsn.h"
#include "queue/envelope.h"
#include "queue/store.h"

struct active;
struct schedule;

enum { SCHEDULE_NOTICE_MOST = 5 };

/* A message of our own, to be stored with the change that causes it. */
struct schedule_notice {
	struct store_op op; /* STORE_NEW */
	struct arena *arena;
	struct envelope e; /* in ${arena} */
	enum dsn_kind kind;
};

/*
 * schedule_notice_make(s, a, late, notices):
 * Fill ${notices} with what is to be said about the recipients of ${a} that
 * bounced, those whose delivery is to be reported, and, if ${late}, those that
 * are deferred.  Returns how many;
 * free each with schedule_notice_free(), unless its arena was given away.
 */
size_t schedule_notice_make(struct schedule *s, struct active *a, bool late,
    struct schedule_notice notices[SCHEDULE_NOTICE_MOST]);
void schedule_notice_free(struct schedule_notice *notice);

/* schedule_notice_log(a, notice): it is stored. */
void schedule_notice_log(
    const struct active *a, const struct schedule_notice *notice);

/* schedule_notice_rename(s, notice): another queue id; the first was taken. */
void schedule_notice_rename(struct schedule *s, struct schedule_notice *notice);

#endif

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

/* A message of our own, to be stored with the change that causes it. */
struct schedule_notice {
	struct store_op op; /* STORE_NEW */
	struct arena *arena;
	struct envelope e; /* in ${arena} */
	enum dsn_kind kind;
};

/*
 * schedule_notice_make(s, a, late, notices):
 * What is to be said about the recipients of ${a} that bounced, those whose
 * delivery is to be reported, and, if ${late}, those that are deferred: how
 * many, and *notices, for free(); free each with schedule_notice_free(), unless
 * its arena was given away.
 * Recipients with senders of their own (verp.h) that bounced are told of one by
 * one, and only some at a time, which are ACTIVE_TOLD then.
 */
size_t schedule_notice_make(struct schedule *s, struct active *a, bool late,
    struct schedule_notice **notices);

/* schedule_notice_apart(s, a): that is how bounces of ${a} are told of. */
bool schedule_notice_apart(const struct schedule *s, const struct active *a);

void schedule_notice_free(struct schedule_notice *notice);

/* schedule_notice_log(a, notice): it is stored. */
void schedule_notice_log(
    const struct active *a, const struct schedule_notice *notice);

/* schedule_notice_rename(s, notice): another queue id; the first was taken. */
void schedule_notice_rename(struct schedule *s, struct schedule_notice *notice);

#endif

/* milterd_calls.h - what libmilter calls when an MTA says something, and the
 * changes of a message that it is told. */
#ifndef POLICY_MILTERD_CALLS_H
#define POLICY_MILTERD_CALLS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "policy/milterd_visit.h"

/* What the calls of this process share: libmilter hands them nothing. */
struct milterd_calls {
	struct milterd_shared visits;
	const char *service;
	unsigned most;               /* sessions at a time; 0: any */
	_Atomic unsigned numbers;    /* given to sessions so far */
	_Atomic unsigned open, busy; /* sessions; those in a message */
	/* Held for reading by each call; with ${over}, which is set when nobody
	 * else has it, calls do nothing any more. */
	pthread_rwlock_t lock;
	bool over;
};

/* milterd_calls_register(calls): tell libmilter; ${calls} lasts as long as the
 * process.  False: it cannot be used. */
bool milterd_calls_register(struct milterd_calls *calls);

#endif

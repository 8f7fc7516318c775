/* local_target.h - what the local agent has found out to be done for a
 * recipient: it is kept with it in the queue, so that each part of an alias is
 * tried by itself. */
#ifndef DELIVERY_LOCAL_TARGET_H
#define DELIVERY_LOCAL_TARGET_H

#include <stdbool.h>

struct arena;

enum local_kind {
	LOCAL_USER = 'u',    /* no alias any more: .forward, then mailbox */
	LOCAL_LAST = 'l',    /* as LOCAL_USER, but luser_relay is done with */
	LOCAL_MAILBOX = 'm', /* the mailbox */
	LOCAL_COMMAND = 'c', /* ${text}: a command */
	LOCAL_FILE = 'f',    /* ${text}: a path; with / at its end: a Maildir */
	LOCAL_REFUSED = 'r', /* ${text}: why, ${dsn} */
};

struct local_target {
	enum local_kind kind;
	/* Whose rights a command or file gets; "" is default_privs. */
	const char *owner;
	const char *delivered; /* the address for Delivered-To: */
	const char *dsn;       /* of LOCAL_REFUSED; else "" */
	const char *text;
};

/* local_target_print(arena, target), local_target_parse(arena, text, target):
 * as text, and back.  False: it is none. */
const char *
local_target_print(struct arena *arena, const struct local_target *target);
bool local_target_parse(
    struct arena *arena, const char *text, struct local_target *target);

#endif

/* greylist_rule.h - greylisting: when mail of a network, sender and recipient
 * has waited long enough. */
#ifndef CHECKS_GREYLIST_RULE_H
#define CHECKS_GREYLIST_RULE_H

#include "rules/memory.h"

enum greylist_key {
	GREYLIST_TRIPLET, /* network/sender/recipient */
	GREYLIST_CLIENT,  /* address */
	GREYLIST_MESSAGE, /* that it had to wait has been said of it */
};

/* Times in milliseconds. */
enum greylist_arg {
	GREYLIST_DELAY,
	GREYLIST_RETRY_WINDOW, /* so long who has not waited is known */
	GREYLIST_MAX_AGE,      /* so long who has */
	GREYLIST_AUTO_ALLOW,   /* successes; 0: never */
};

enum greylist_result {
	GREYLIST_WHY,     /* enum greylist_why */
	GREYLIST_WAIT,    /* milliseconds to wait; 0: passes */
	GREYLIST_DELAYED, /* of GREYLIST_WAITED: since the first attempt */
};

enum greylist_why {
	GREYLIST_KNOWN,        /* has passed before */
	GREYLIST_WAITED,       /* passes for the first time */
	GREYLIST_WAITED_AGAIN, /* so does another recipient of the message */
	GREYLIST_ALLOWED,      /* the client has, often enough */
	GREYLIST_NEW,
	GREYLIST_EARLY,
};

extern const struct memory_rule greylist_rule;

#endif

/* effect.h - what a decision asks to be done with the message. */
#ifndef CHECKS_EFFECT_H
#define CHECKS_EFFECT_H

#include <stdint.h>

enum effect_kind {
	EFFECT_PREPEND,  /* text: a header line, without CRLF */
	EFFECT_FILTER,   /* text: transport:nexthop; the last one counts */
	EFFECT_REDIRECT, /* text: address; the last one counts */
	EFFECT_BCC,      /* text: address */
	EFFECT_HOLD,
	EFFECT_DISCARD,
	EFFECT_SLEEP, /* number: nanoseconds before the reply, a timer */
};

/* One of a list, in the order in which they were asked for. */
struct effect {
	struct effect *next;
	enum effect_kind kind;
	const char *text;
	int64_t number;
};

#endif

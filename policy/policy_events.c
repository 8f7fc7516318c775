/* policy_events.c - see policy_events.h. */
#include "policy/policy_events.h"

#define EVENT(name, level, text, meaning)                                      \
	struct event_type policy_events_##name = { #name, EVENT_##level, text, \
		meaning, 0 };
#include "policy/events.def"
#undef EVENT

/* checks_events.c - see checks_events.h. */
#include "checks/checks_events.h"

#define EVENT(name, level, text, meaning)                                      \
	struct event_type checks_events_##name = { #name, EVENT_##level, text, \
		meaning, 0 };
#include "checks/events.def"
#undef EVENT

/* delivery_events.c - see delivery_events.h. */
#include "delivery/delivery_events.h"

#define EVENT(name, level, text, meaning)                                      \
	struct event_type delivery_events_##name = { #name, EVENT_##level,     \
		text, meaning, 0 };
#include "delivery/events.def"
#undef EVENT

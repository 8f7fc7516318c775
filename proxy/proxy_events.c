/* proxy_events.c - see proxy_events.h. */
#include "proxy/proxy_events.h"

#define EVENT(name, level, text, meaning)                                      \
	struct event_type proxy_events_##name = { #name, EVENT_##level, text,  \
		meaning, 0 };
#include "proxy/events.def"
#undef EVENT

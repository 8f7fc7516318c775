/* queue_events.c - see queue_events.h. */
#include "queue/queue_events.h"

#define EVENT(name, level, ...)                                                \
	struct event_type queue_events_##name = { #name, EVENT_##level,        \
		__VA_ARGS__, 0 };
#include "queue/events.def"
#undef EVENT

#define EVENT(name, ...) &queue_events_##name,
struct event_type *const queue_events_all[] = {
#include "queue/events.def"
	NULL,
};
#undef EVENT

/* queue_events.h - what the queue reports. */
#ifndef QUEUE_QUEUE_EVENTS_H
#define QUEUE_QUEUE_EVENTS_H

#include "base/event.h"

#define EVENT(name, ...) extern struct event_type queue_events_##name;
#include "queue/events.def"
#undef EVENT

/* All of them, for the manual and the counters; ended by NULL. */
extern struct event_type *const queue_events_all[];

#endif

/* delivery_events.h - the events of the delivering agents. */
#ifndef DELIVERY_DELIVERY_EVENTS_H
#define DELIVERY_DELIVERY_EVENTS_H

#include "base/event.h"

#define EVENT(name, level, text, meaning)                                      \
	extern struct event_type delivery_events_##name;
#include "delivery/events.def"
#undef EVENT

#endif

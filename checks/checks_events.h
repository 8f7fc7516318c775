/* checks_events.h - what restrictions tell the log. */
#ifndef CHECKS_CHECKS_EVENTS_H
#define CHECKS_CHECKS_EVENTS_H

#include "base/event.h"

#define EVENT(name, ...) extern struct event_type checks_events_##name;
#include "checks/events.def"
#undef EVENT

#endif

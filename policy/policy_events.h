/* policy_events.h - what the policy server tells the log. */
#ifndef POLICY_POLICY_EVENTS_H
#define POLICY_POLICY_EVENTS_H

#include "base/event.h"

#define EVENT(name, ...) extern struct event_type policy_events_##name;
#include "policy/events.def"
#undef EVENT

#endif

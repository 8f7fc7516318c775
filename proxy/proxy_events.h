/* proxy_events.h - what the proxy tells the log: see events.def. */
#ifndef PROXY_PROXY_EVENTS_H
#define PROXY_PROXY_EVENTS_H

#include "base/event.h"

#define EVENT(name, ...) extern struct event_type proxy_events_##name;
#include "proxy/events.def"
#undef EVENT

#endif

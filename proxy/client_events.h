/* client_events.h - what each client has done lately, in all loops: what
 * smtpd_client_connection_count_limit and the limits on rates count, as
 * anvil(8) of Postfix does. */
#ifndef PROXY_CLIENT_EVENTS_H
#define PROXY_CLIENT_EVENTS_H

#include <stdint.h>

#include "base/net.h"

struct client_events;

enum client_event {
	CLIENT_EVENT_CONNECT,
	CLIENT_EVENT_MAIL,
	CLIENT_EVENT_RCPT,
	CLIENT_EVENT_TLS,
	CLIENT_EVENT_COUNT
};

/* Who: a network of clients at a service (its place in the hall). */
struct client_key {
	struct net_addr net;
	unsigned place;
};

struct client_events *client_events_new(void);
void client_events_free(struct client_events *events);

/* client_events_open(events, key): one more connection; how many there are
 * now.  client_events_close(): one less.  Any thread, as all of these. */
unsigned
client_events_open(struct client_events *events, const struct client_key *key);
void
client_events_close(struct client_events *events, const struct client_key *key);
/* client_events_connected(events, key): how many there are now. */
unsigned client_events_connected(
    struct client_events *events, const struct client_key *key);

/*
 * client_events_add(events, key, event, unit):
 * How often ${event} has happened within ${unit} nanoseconds, this time
 * included.  Units follow each other: the first event after one has passed
 * begins the next.  client_events_get() only asks.
 */
unsigned client_events_add(struct client_events *events,
    const struct client_key *key, enum client_event event, int64_t unit);
unsigned client_events_get(struct client_events *events,
    const struct client_key *key, enum client_event event, int64_t unit);

#endif

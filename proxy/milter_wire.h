/* milter_wire.h - packets from a milter, over a connection. */
#ifndef PROXY_MILTER_WIRE_H
#define PROXY_MILTER_WIRE_H

#include <stdbool.h>

#include "base/buf.h"

struct event_by;
struct milter_packet;
struct stream;

struct milter_wire {
	struct stream *stream; /* with a deadline; NULL: not connected */
	const char *name;      /* of the milter, for the log */
	const struct event_by *by;
	struct buf packet; /* the last one: command and data */
};

/* milter_wire_read(wire, event): read the next packet, which comes as (part of)
 * the answer to ${event} (SMFIC_*).  False: there is none, or it is too large;
 * that is logged in Postfix's words. */
bool milter_wire_read(struct milter_wire *wire, char event);

/* milter_wire_waits(wire): there is input that was not read; does not block. */
bool milter_wire_waits(const struct milter_wire *wire);

/* milter_wire_parse(wire, event, packet): take apart what was read; it points
 * into the wire's memory.  False: malformed, logged likewise. */
bool milter_wire_parse(
    struct milter_wire *wire, char event, struct milter_packet *packet);

#endif

/* milter_terms.c - see milter_terms.h.  The words are Postfix's. */
#include "proxy/milter_terms.h"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/stream.h"
#include "proxy/milter_packet.h"
#include "proxy/milter_wire.h"

/* The macros that it wants instead of the configured ones. */
static void
take_symbols(const struct milter_wire *wire, const struct milter_packet *packet,
    struct arena *arena, struct milter_terms *terms)
{
	const char *data = packet->data, *names;
	size_t n = packet->len;
	uint32_t stage;

	while (milter_packet_symbols(&data, &n, &stage, &names)) {
		if (stage > SMFIM_LAST)
			event_warning(wire->by,
			    "milter %s: ignoring unknown macro type %u",
			    wire->name, stage);
		else if (names[0] != '\0')
			terms->macros[stage] = arena_strdup(arena, names);
	}
}

/* False: what it offers is not what we may take, which is logged. */
static bool
accept_offer(const struct milter_wire *wire, const struct milter_setting *m,
    const struct milter_packet *packet, struct milter_terms *terms)
{
	uint32_t version = packet->number;

	if (version > m->version) {
		event_warning(wire->by,
		    "milter %s: protocol version %u conflict with MTA "
		    "protocol version %u",
		    wire->name, version, m->version);
		return false;
	}
	if ((packet->actions & ~(uint32_t)SMFI_CURR_ACTS) != 0) {
		event_warning(wire->by,
		    "milter %s: request mask 0x%x conflict with MTA request "
		    "mask 0x%x",
		    wire->name, packet->actions, (unsigned)SMFI_CURR_ACTS);
		return false;
	}
	if (version < 2)
		event_warning(wire->by,
		    "milter %s: unexpected protocol version %u", wire->name,
		    version);
	terms->version = version;
	terms->steps = packet->steps & m->steps;
	return true;
}

static void
put_offer(struct milter_wire *wire, const struct milter_setting *m)
{
	struct buf out = { 0 };
	size_t start = milter_packet_begin(&out, SMFIC_OPTNEG);

	milter_packet_number(&out, m->version);
	milter_packet_number(&out, SMFI_CURR_ACTS);
	milter_packet_number(&out, m->steps);
	milter_packet_end(&out, start);
	stream_deadline(wire->stream, clock_mono() + m->command_timeout);
	stream_put(wire->stream, out.data, out.len);
	buf_free(&out);
}

bool
milter_terms_agree(struct milter_wire *wire,
    const struct milter_setting *setting, struct arena *arena,
    struct milter_terms *terms)
{
	struct milter_packet packet;

	put_offer(wire, setting);
	if (!milter_wire_read(wire, SMFIC_OPTNEG))
		return false;
	if (wire->packet.data[0] != SMFIC_OPTNEG) {
		event_warning(wire->by,
		    "milter %s: unexpected reply \"%c\" in initial handshake",
		    wire->name, wire->packet.data[0]);
		return false;
	}
	if (milter_packet_parse(wire->packet.data, wire->packet.len, &packet) !=
	    MILTER_PACKET_OK) {
		event_warning(wire->by,
		    "milter %s: read error in initial handshake", wire->name);
		return false;
	}
	if (!accept_offer(wire, setting, &packet, terms))
		return false;
	take_symbols(wire, &packet, arena, terms);
	return true;
}

/* milter_wire.c - see milter_wire.h. */
#include "proxy/milter_wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/event.h"
#include "base/stream.h"
#include "proxy/milter_packet.h"

static const char *
failure(const struct milter_wire *wire, enum stream_status status)
{
	/* What Postfix makes of an errno that nobody has set. */
	return status == STREAM_EOF ? "Application error"
				    : stream_reason(wire->stream);
}

bool
milter_wire_read(struct milter_wire *wire, char event)
{
	unsigned char head[MILTER_PACKET_HEAD];
	enum stream_status status;
	const char *name = wire->name;
	uint32_t n;
	int on = 1;

	/* A milter that answers with several packets at the end of a message
	 * waits for our acknowledgement of the first one, or 40 ms. */
	(void)setsockopt(
	    stream_fd(wire->stream), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
	status = stream_read(wire->stream, head, sizeof head);
	if (status != STREAM_OK) {
		event_warning(wire->by,
		    "milter %s: can't read %s reply packet header: %s", name,
		    milter_packet_event_name(event), failure(wire, status));
		return false;
	}
	n = milter_packet_length(head);
	if (n == 0) {
		event_warning(
		    wire->by, "milter %s: bad packet length: %u", name, n);
		return false;
	}
	if (n > MILTER_PACKET_MOST) {
		event_warning(wire->by,
		    "milter %s: unreasonable packet length: %u > %d", name, n,
		    MILTER_PACKET_MOST);
		return false;
	}
	buf_reset(&wire->packet);
	status = stream_read(wire->stream, buf_reserve(&wire->packet, n), n);
	if (status != STREAM_OK) {
		event_warning(wire->by, "milter %s: EOF while reading data: %s",
		    name, failure(wire, status));
		return false;
	}
	buf_added(&wire->packet, n);
	return true;
}

bool
milter_wire_waits(const struct milter_wire *wire)
{
	char c;

	return stream_pending(wire->stream) > 0 ||
	    recv(stream_fd(wire->stream), &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool
milter_wire_parse(
    struct milter_wire *wire, char event, struct milter_packet *packet)
{
	const char *name = wire->name;

	switch (
	    milter_packet_parse(wire->packet.data, wire->packet.len, packet)) {
	case MILTER_PACKET_OK:
		return true;
	case MILTER_PACKET_UNKNOWN:
		event_warning(wire->by,
		    "milter %s: unexpected filter response (unknown filter "
		    "reply) after event %s",
		    name, milter_packet_event_name(event));
		break;
	case MILTER_PACKET_SHORT:
		event_warning(wire->by, "milter %s: reply %s is cut short",
		    name, milter_packet_reply_name(packet->command));
		break;
	case MILTER_PACKET_LONG:
		event_warning(wire->by,
		    "milter %s: reply %s was followed by %zu data bytes", name,
		    milter_packet_reply_name(packet->command), packet->len);
		break;
	case MILTER_PACKET_NUL:
		event_warning(wire->by,
		    "milter %s: a text in reply %s has a NUL", name,
		    milter_packet_reply_name(packet->command));
		break;
	}
	return false;
}

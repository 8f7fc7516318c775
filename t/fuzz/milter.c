/* Any octets as packets of a milter: the parser ends within them, what it
 * accepts is printed as it came, and a reply that it takes is one that can be
 * told to a client (hostile 85, 86). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proxy/milter_packet.h"
#include "proxy/milter_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_reply(const char *text)
{
	struct arena *arena = arena_new();
	const char *reply = milter_reply_parse(arena, text), *print;

	if (reply != NULL) {
		print = milter_reply_print(arena, reply);
		if ((print[0] != '4' && print[0] != '5') || print[3] != ' ' ||
		    strlen(print) > strlen(text))
			abort();
	}
	arena_free(arena);
}

/* One packet, in memory that ends where it does. */
static void
check(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1);
	struct milter_packet packet;
	struct buf out = { 0 };

	if (text == NULL)
		abort();
	memcpy(text, data, n);
	text[n] = '\0';
	if (milter_packet_parse(text, n, &packet) == MILTER_PACKET_OK) {
		milter_packet_print(&packet, &out);
		if (out.len != n + MILTER_PACKET_HEAD ||
		    milter_packet_length((unsigned char *)out.data) != n ||
		    memcmp(out.data + MILTER_PACKET_HEAD, text, n) != 0)
			abort();
		if (packet.command == 'y')
			check_reply(packet.value);
	}
	buf_free(&out);
	free(text);
}

/* Packets as they come from a milter, with their lengths. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size >= MILTER_PACKET_HEAD) {
		size_t n = milter_packet_length(data);

		data += MILTER_PACKET_HEAD;
		size -= MILTER_PACKET_HEAD;
		if (n > size)
			n = size;
		check(data, n);
		data += n;
		size -= n;
	}
	return 0;
}

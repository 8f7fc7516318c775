/* Packets of the milter protocol: printed, taken apart, and those that are
 * none (hostile 85). */
#include "proxy/milter_packet.h"

#include <stdlib.h>
#include <string.h>

#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proxy/milter_reply.h"
#include "t/tap.h"

/* Parse ${n} octets that stand alone in memory, with a NUL behind. */
static enum milter_packet_status
parse(const char *text, size_t n, struct milter_packet *packet, char **memory)
{
	*memory = calloc(1, n + 1);
	memcpy(*memory, text, n);
	return milter_packet_parse(*memory, n, packet);
}

static void
accepted(const char *text, size_t n, const char *what)
{
	struct milter_packet packet;
	struct buf out = { 0 };
	char *memory;

	ok(parse(text, n, &packet, &memory) == MILTER_PACKET_OK, "%s", what);
	milter_packet_print(&packet, &out);
	ok(out.len == n + MILTER_PACKET_HEAD &&
		memcmp(out.data + MILTER_PACKET_HEAD, text, n) == 0 &&
		milter_packet_length((unsigned char *)out.data) == n,
	    "%s is printed as it came", what);
	buf_free(&out);
	free(memory);
}

#define ACCEPTED(text) accepted(text, sizeof(text) - 1, #text)

static void
refused(const char *text, size_t n, enum milter_packet_status want,
    const char *what)
{
	struct milter_packet packet;
	char *memory;

	ok(parse(text, n, &packet, &memory) == want, "%s is refused", what);
	free(memory);
}

#define REFUSED(text, want) refused(text, sizeof(text) - 1, want, #text)

static void
members(void)
{
	static const char insert[] = "i\0\0\1\2Name\0value\0";
	static const char greeting[] =
	    "O\0\0\0\6\0\0\1\xff\0\x1f\xff\xff\0\0\0\0j v\0\0\0\0\5\0";
	struct milter_packet packet;
	const char *names, *data;
	uint32_t stage;
	char *memory;
	size_t n;

	(void)parse(insert, sizeof insert - 1, &packet, &memory);
	ok(packet.command == SMFIR_INSHEADER && packet.number == 258,
	    "the index of a header");
	is(packet.name, "Name", "its name");
	is(packet.value, "value", "its value");
	free(memory);
	(void)parse(greeting, sizeof greeting - 1, &packet, &memory);
	ok(packet.number == 6 && packet.actions == 0x1ff &&
		packet.steps == 0x1fffff,
	    "version, actions and steps");
	data = packet.data;
	n = packet.len;
	ok(milter_packet_symbols(&data, &n, &stage, &names) && stage == 0,
	    "macros for a stage");
	is(names, "j v", "their names");
	ok(milter_packet_symbols(&data, &n, &stage, &names) && stage == 5,
	    "macros for another");
	is(names, "", "none");
	ok(!milter_packet_symbols(&data, &n, &stage, &names), "no more");
	free(memory);
}

static void
replies(void)
{
	struct arena *arena = arena_new();

	is(milter_reply_parse(arena, "550 5.7.1 50%% off %x"),
	    "550 5.7.1 50% off x", "percent signs");
	is(milter_reply_print(
	       arena, milter_reply_parse(arena, "451-4.7.1 a\r\n451 4.7.1 b")),
	    "451 4.7.1 a\n4.7.1 b", "two lines");
	is(milter_reply_print(arena, "421 "), "421 ", "no text");
	ok(milter_reply_parse(arena, "250 2.0.0 ok") == NULL, "not 2xx");
	ok(milter_reply_parse(arena, "550 4.7.1 x") == NULL,
	    "the enhanced code is of another class");
	ok(milter_reply_parse(arena, "550-x\r\n551 y") == NULL,
	    "lines that do not agree");
	ok(milter_reply_parse(arena, "550-x\r\n") == NULL, "half a line");
	ok(milter_reply_parse(arena, "550") == NULL, "a code alone");
	ok(milter_reply_parse(arena, "") == NULL, "nothing");
	ok(milter_reply_parse(arena, "550-x\r%\n5") == NULL,
	    "lines that a percent sign hides");
	arena_free(arena);
}

int
main(void)
{
	ACCEPTED("c");
	ACCEPTED("a");
	ACCEPTED("p");
	ACCEPTED("4");
	ACCEPTED("y550 5.7.1 no\0");
	ACCEPTED("y550 5.7.1 no");
	ACCEPTED("q");
	ACCEPTED("hName\0value\0");
	ACCEPTED("h\0\0");
	ACCEPTED("i\0\0\0\1Name\0value\0");
	ACCEPTED("m\xff\xff\xff\xffName\0\0");
	ACCEPTED("+<a@b>\0");
	ACCEPTED("-\0");
	ACCEPTED("2<a@b>\0NOTIFY=NEVER\0");
	ACCEPTED("2<a@b>\0");
	ACCEPTED("e<a@b>\0");
	ACCEPTED("b");
	ACCEPTED("bsome\0text\r\n");
	ACCEPTED("O\0\0\0\6\0\0\1\xff\0\0\0\0");
	ACCEPTED("O\0\0\0\6\0\0\1\xff\0\0\0\0\0\0\0\3{x}\0");
	REFUSED("", MILTER_PACKET_SHORT);
	REFUSED("Z", MILTER_PACKET_UNKNOWN);
	REFUSED("\0", MILTER_PACKET_UNKNOWN);
	REFUSED("cx", MILTER_PACKET_LONG);
	REFUSED("y550 a\0b\0", MILTER_PACKET_NUL);
	REFUSED("h", MILTER_PACKET_SHORT);
	REFUSED("hName\0value", MILTER_PACKET_SHORT);
	REFUSED("hName\0value\0x", MILTER_PACKET_LONG);
	REFUSED("i\0\0\0", MILTER_PACKET_SHORT);
	REFUSED("+a\0b\0", MILTER_PACKET_LONG);
	REFUSED("2a\0b\0c\0", MILTER_PACKET_LONG);
	REFUSED("2a\0b", MILTER_PACKET_SHORT);
	REFUSED("Oabc", MILTER_PACKET_SHORT);
	REFUSED("O\0\0\0\6\0\0\1\xff\0\0\0\0\0\0", MILTER_PACKET_SHORT);
	REFUSED("O\0\0\0\6\0\0\1\xff\0\0\0\0\0\0\0\1x", MILTER_PACKET_SHORT);
	is(milter_packet_event_name(SMFIC_BODYEOB), "SMFIC_BODYEOB",
	    "the name of an event");
	is(milter_packet_reply_name(SMFIR_CONN_FAIL), "SMFIR_CONN_FAIL",
	    "the name of an answer");
	is(milter_packet_reply_name('Z'), "(unknown filter reply)", "of none");
	members();
	replies();
	return done_testing();
}

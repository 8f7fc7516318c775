/* What a content filter gets of a message, whatever the pieces it comes in; and
 * how it is told who the client is. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proxy/filter_peer.h"
#include "proxy/filter_text.h"
#include "proxy/filter_xforward.h"
#include "t/tap.h"

/* ${text}, in pieces of ${size} octets. */
static void
encode(const char *text, size_t size, struct buf *out)
{
	struct filter_text t = { 0 };
	size_t n = strlen(text);

	buf_reset(out);
	for (size_t at = 0; at < n; at += size)
		filter_text_put(
		    &t, text + at, n - at < size ? n - at : size, out);
	buf_free(&t.first);
}

static void
texts(void)
{
	static const struct {
		const char *text, *encoded;
	} cases[] = {
		{ "a: b\r\n\r\ntext\r\n", "a: b\r\n\r\ntext\r\n" },
		{ ".\r\n..\r\na.\r\n.b\r\n", "..\r\n...\r\na.\r\n..b\r\n" },
		{ "From x\r\na: b\r\n", "X-Mailbox-Line: From x\r\na: b\r\n" },
		{ ">>From x\r\nFrom y\r\n.\r\nFrom z\r\n",
		    "X-Mailbox-Line: >>From x\r\nX-Mailbox-Line: From "
		    "y\r\n..\r\nFrom z\r\n" },
		{ "From: x\r\n", "From: x\r\n" },
		{ " a\r\n b\r\n", "\r\n a\r\n b\r\n" },
		{ "\r\n.\r\n", "\r\n..\r\n" },
		{ "", "" },
	};
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (size_t size = 1; size < 40; size++) {
			encode(cases[i].text, size, &out);
			if (strcmp(buf_str(&out), cases[i].encoded) != 0)
				break;
		}
		is(buf_str(&out), cases[i].encoded, "in any pieces");
	}
	encode("", 1, &out);
	filter_text_put(&(struct filter_text){ 0 }, NULL, 0, &out);
	is(buf_str(&out), "", "nothing at all");
	buf_free(&out);
}

/* A first line without an end is not kept. */
static void
bounded(void)
{
	struct filter_text t = { 0 };
	struct buf out = { 0 };
	char piece[4096];

	memset(piece, '>', sizeof piece);
	filter_text_put(&t, piece, 1000, &out);
	ok(out.len == 0, "it may be a mailbox's");
	filter_text_put(&t, piece, sizeof piece, &out);
	ok(out.len == 1000 + sizeof piece && t.first.len == 0, "it is not");
	buf_free(&t.first);
	buf_free(&out);
}

static void
clients(void)
{
	const struct filter_peer_client client = {
		.name = "a.example", .addr = "IPv6:::1", .helo = "x + y=z"
	};
	char name[600];
	const struct filter_peer_client wordy = { .name = name, .helo = name };
	struct buf out = { 0 };
	const char *second;

	filter_xforward_print(
	    &client, " NAME ADDR PORT PROTO HELO IDENT SOURCE\n", &out);
	is(buf_str(&out),
	    "XFORWARD NAME=a.example ADDR=IPv6:::1 PORT=[UNAVAILABLE] "
	    "HELO=x+20+2B+20y=z IDENT=[UNAVAILABLE] PROTO=[UNAVAILABLE] "
	    "SOURCE=[UNAVAILABLE]\n",
	    "all, in xtext");
	buf_reset(&out);
	filter_xforward_print(&client, " helo OTHER name", &out);
	is(buf_str(&out), "XFORWARD NAME=a.example HELO=x+20+2B+20y=z\n",
	    "what is wanted");
	buf_reset(&out);
	filter_xforward_print(&client, "", &out);
	is(buf_str(&out), "", "nothing");
	memset(name, 'n', 300);
	name[300] = '\0';
	filter_xforward_print(&wordy, " NAME ADDR HELO", &out);
	second = strchr(buf_str(&out), '\n');
	ok(second != NULL && strncmp(second, "\nXFORWARD HELO=nnn", 17) == 0,
	    "in commands of 512 octets");
	buf_free(&out);
}

int
main(void)
{
	texts();
	bounded();
	clients();
	return done_testing();
}

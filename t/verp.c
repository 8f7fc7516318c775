/* Senders of VERP.  I-60, P-025, P-173. */
#include "queue/verp.h"

#include "base/arena.h"
#include "base/buf.h"
#include "queue/envelope.h"
#include "t/tap.h"

static struct arena *arena;

static void
test_valid(void)
{
	ok(verp_is_valid("+=", "-=+") && verp_is_valid("--", "-=+"), "two");
	ok(!verp_is_valid("", "-=+") && !verp_is_valid("+", "-=+") &&
		!verp_is_valid("+=-", "-=+"),
	    "neither fewer nor more");
	ok(!verp_is_valid("+x", "-=+") && !verp_is_valid("x=", "-=+"),
	    "of those that may be");
}

static void
test_address(void)
{
	static const struct {
		const char *sender, *recipient, *want;
	} cases[] = {
		{ "list@a.example", "u@b.example",
		    "list+u=b.example@a.example" },
		{ "list", "u@b.example", "list+u=b.example" },
		{ "list@a.example", "u", "list+u@a.example" },
		{ "l@x@a.example", "u@y@b.example",
		    "l@x+u@y=b.example@a.example" },
		{ "list@a.example", "u@", "list+u=@a.example" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is(verp_address(
		       arena, "+=", cases[i].sender, cases[i].recipient),
		    cases[i].want, "%s", cases[i].want);
	is(verp_address(arena, "-=", "a@b", "c@d"), "a-c=d@b",
	    "other delimiters");
}

static struct envelope_rcpt rcpt = { .address = "u@b.example",
	.original = "",
	.orcpt = "",
	.transport = "",
	.nexthop = "",
	.dsn = "",
	.reason = "",
	.remote = "",
	.diagnostic = "" };

static void
test_envelope(void)
{
	struct envelope e = { .qid = "3qAbCdEfGhz1",
		.sender = "list@a.example",
		.envid = "",
		.verp = "+=",
		.filter = "",
		.client_name = "",
		.client_addr = "",
		.client_port = "",
		.helo = "",
		.protocol = "",
		.sasl_method = "",
		.sasl_username = "",
		.message_id = "",
		.rcpts = &rcpt,
		.nrcpts = 1,
		.headers = "" };
	struct envelope back;
	struct buf record = { 0 };

	envelope_print(&e, &record);
	ok(envelope_parse(record.data, record.len, arena, &back) &&
		envelope_has_verp(&back) && strcmp(back.verp, "+=") == 0,
	    "the queue keeps it");
	buf_reset(&record);
	e.verp = "+";
	envelope_print(&e, &record);
	ok(!envelope_parse(record.data, record.len, arena, &back),
	    "one character is damage");
	buf_reset(&record);
	e.verp = NULL;
	envelope_print(&e, &record);
	ok(envelope_parse(record.data, record.len, arena, &back) &&
		!envelope_has_verp(&back) && record.data[7] == '1',
	    "without it, a record is what it was before there was VERP");
	e.verp = "+=";
	e.sender = "";
	ok(!envelope_has_verp(&e), "the null sender stays what it is");
	buf_free(&record);
}

int
main(void)
{
	arena = arena_new();
	test_valid();
	test_address();
	test_envelope();
	arena_free(arena);
	return done_testing();
}

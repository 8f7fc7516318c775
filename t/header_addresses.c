/* Addresses in headers: what is rewritten, and what stays as it was written. */
#include "rules/header_addresses.h"

#include <string.h>

#include "testroute.h"

enum { MOST = 10240 };

static enum table_status
upper(void *arg, const char *address, const char **result)
{
	char *text = arena_strdup(arena, address);

	(void)arg;
	if (strcmp(address, "fails@x") == 0)
		return TABLE_FAILED;
	if (strncmp(address, "stay", 4) == 0)
		return TABLE_NONE;
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	*result = text;
	return TABLE_FOUND;
}

static const char *
rewritten(const char *text, size_t most)
{
	const char *result;
	enum table_status status =
	    header_addresses_rewrite(arena, text, most, upper, NULL, &result);

	return status == TABLE_FAILED ? "could not ask"
	    : status == TABLE_NONE    ? "stays"
				      : result;
}

static void
test_forms(void)
{
	static const struct {
		const char *text, *result, *what;
	} all[] = {
		{ "To: a@x", "To: A@X", "one" },
		{ "To: stay@x,\n\t B@X", "stays", "nothing changes" },
		{ "To: stay@x,\n\t b@x", "To: stay@x, B@X", "folded anew" },
		{ "To: Some Body <a@x> (y)", "To: Some Body <A@X>(y)",
		    "a display name and a comment" },
		{ "To: \"a, b\" <c@x>", "To: \"a, b\" <C@X>", "a quoted name" },
		{ "To: \"a\\\"b\" <c@x>", "To: \"a\\\"b\" <C@X>",
		    "with a quote in it" },
		{ "To: =?utf-8?q?a=2Cb?= <c@x>", "To: =?utf-8?q?a=2Cb?= <C@X>",
		    "an encoded word" },
		{ "To: g: a@x, stay@x;, c@x", "To: g: A@X, stay@x;, C@X",
		    "a group" },
		{ "To: a@x b@x", "To: A@X, B@X", "a comma is missing" },
		{ "To: (a (b) \\) c) d@x", "To: D@X (a (b) \\) c)",
		    "nested comments" },
		{ "To:", "stays", "nothing in it" },
		{ "To: <>", "stays", "the null address" },
		{ "To: ;:,<>()", "stays", "no address at all" },
		{ "To: (unclosed a@x", "stays", "a comment without end" },
		{ "no header", "stays", "no colon" },
		{ "To : a@x", "To: A@X", "a blank before the colon" },
		{ "To: a@x, fails@x", "could not ask", "a failure" },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		is(rewritten(all[i].text, MOST), all[i].result, "%s",
		    all[i].what);
	is(rewritten("To: a@x, b@x, c@x", 7), "To: A@X, B@X",
	    "no more words than allowed");
	is(rewritten("To: stay@x, stay@y, c@x", 7), "stays",
	    "what is not looked at is not lost");
}

static void
test_folding(void)
{
	const char *text = "Cc:", *result;

	for (int i = 0; i < 20; i++)
		text = arena_printf(arena, "%s%s user%d@example.com", text,
		    i > 0 ? "," : "", i);
	result = rewritten(text, MOST);
	ok(strncmp(result,
	       "Cc: USER0@EXAMPLE.COM, USER1@EXAMPLE.COM, "
	       "USER2@EXAMPLE.COM,\n\tUSER3@",
	       64) == 0,
	    "lines of less than 70 octets");
	text = arena_printf(arena, "%0246d", 0);
	is(rewritten(arena_printf(arena, "To: (%s) a@x, b@x", text), MOST),
	    arena_printf(arena, "To: A@X (%s),\n\tB@X", text),
	    "as much text beside an address as allowed");
	is(rewritten(arena_printf(arena, "To: (00%s) a@x, b@x", text), MOST),
	    "To: <A@X>, B@X", "and no more");
}

static const char *
header(struct site *s, const char *text, bool local, bool maps)
{
	const struct route_header_how how = { local, maps };
	const char *result;

	switch (
	    route_header(s->route, &world.world, arena, text, &how, &result)) {
	case TABLE_FAILED:
		return "could not ask";
	case TABLE_NONE:
		return "stays";
	case TABLE_FOUND:
		break;
	}
	return result;
}

static void
test_route(void)
{
	struct site s = site_open(
	    "myorigin = origin.example\n"
	    "remote_header_rewrite_domain = domain.invalid\n"
	    "canonical_maps = inline:{{joe@origin.example=Joe.D@example.com}}\n"
	    "masquerade_domains = example.com\n");

	is(header(&s, "From: joe", true, true), "From: Joe.D@example.com",
	    "completed, then canonical (L-20, S-051)");
	is(header(&s, "From: joe", true, false), "From: joe@origin.example",
	    "no_address_mappings (L-27, S-197)");
	is(header(&s, "From: joe", false, true), "From: joe@domain.invalid",
	    "of remote clients");
	is(header(&s, "Errors-To: a@b.example.com", true, true),
	    "Errors-To: a@example.com", "masqueraded (S-191)");
	is(header(&s, "Delivered-To: joe", true, true), "stays",
	    "a header that is not rewritten");
	is(header(&s, "Subject: joe", true, true), "stays", "nor this");
	is(header(&s, "From: \"joe\" <x@y.example>", true, true), "stays",
	    "nothing to do");
	is(header(&s, "From: \"x\"@y.example", true, true), "From: x@y.example",
	    "quotes that it does not need");
	ok(route_header_wanted(s.route, false), "remote clients' are wanted");
	site_close(&s);

	s = site_open("canonical_maps = fail:x\n");
	is(header(&s, "From: joe@x.example", true, true), "could not ask",
	    "a table that cannot be asked");
	ok(!route_header_wanted(s.route, false),
	    "remote clients' are not wanted");
	ok(route_header_wanted(s.route, true), "those of local ones are");
	site_close(&s);
}

int
main(void)
{
	testroute_begin();
	test_forms();
	test_folding();
	test_route();
	arena_free(arena);
	return done_testing();
}

/* Mail addresses: envelope paths, both forms, extensions (hostile 31, 32,
 * 41). */
#include <stdlib.h>

#include "base/arena.h"
#include "base/net.h"
#include "rules/address.h"
#include "tap.h"

static struct arena *arena;

static const char *
show(const char *text)
{
	return text != NULL ? text : "(none)";
}

/* What Postfix 3.7's smtpd makes of the argument of MAIL FROM, in its default
 * and in its strict mode, up to the check of the domain. */
static const struct path {
	const char *text, *lax, *strict, *rest;
} paths[] = {
	/* clang-format off */
	{ "<a@b.c>", "a@b.c", "a@b.c", "" },
	{ " <a@b.c> SIZE=1", "a@b.c", "a@b.c", " SIZE=1" },
	{ "a@b.c BODY=7BIT", "a@b.c", NULL, " BODY=7BIT" },
	{ "<a@b.c", NULL, NULL, NULL },
	{ "<@a,@b:u@c.d>", "u@c.d", "u@c.d", "" },
	{ "<@a:\"x:y\"@b.c>", "x:y@b.c", "x:y@b.c", "" },
	{ "@a:u@b.c", "u@b.c", NULL, "" },
	{ "<@a:>", "", "", "" },
	{ "<@\"a:b\":u@c.d>", NULL, NULL, NULL },
	{ "<@a b,c:u@d.e>", "u@d.e", "u@d.e", "" },
	{ "a b@c", "a", NULL, " b@c" },
	{ "<a b@c.d>", NULL, NULL, NULL },
	{ "(c)a@b.c", "a@b.c", NULL, "" },
	{ "<(c)a@b.c>", "a@b.c", NULL, "" },
	{ "<Foo <a@b.c>>", "a@b.c", NULL, "" },
	{ "Foo<a@b.c>", "a@b.c", NULL, "" },
	{ "<\"a b\"@c.d>", "a b@c.d", "a b@c.d", "" },
	{ "\"a b\"@c.d x", "a b@c.d", NULL, " x" },
	{ "<\"a>b\"@c.d>", "a>b@c.d", "a>b@c.d", "" },
	{ "<\"a\\\"b\"@c.d>", "a\"b@c.d", "a\"b@c.d", "" },
	{ "<a\\ b@c.d>", "a b@c.d", "a b@c.d", "" },
	{ "<>", "", "", "" },
	{ "< >", "", "", "" },
	{ "<@>", "@", NULL, "" },
	{ "<@b.c>", "@b.c", NULL, "" },
	{ "<a@b.c,d@e.f>", NULL, NULL, NULL },
	{ "<a@[1.2.3.4]>", "a@[1.2.3.4]", "a@[1.2.3.4]", "" },
	{ "<a@[IPv6:::1]>", "a@[IPv6:::1]", "a@[IPv6:::1]", "" },
	{ "<a@b..c>", "a@b..c", "a@b..c", "" },
	{ "<a..b@c.d>", "a..b@c.d", "a..b@c.d", "" },
	{ "<-a@b.c>", "-a@b.c", "-a@b.c", "" },
	{ "<a@b.c>>", "a@b.c", "a@b.c", "" },
	{ "<a@b.c>x", NULL, NULL, NULL },
	{ "<<a@b.c>>", "a@b.c", "a@b.c", "" },
	{ "<grp: a@b.c;>", "a@b.c", NULL, "" },
	{ "<:.<a@b.c>>", "a@b.c", NULL, "" },
	{ "<a <b@c> >", "b@c", NULL, "" },
	{ "<(a > b)c@d>", "", NULL, " b)c@d>" },
	{ "x<a b>", "ab", NULL, "" },
	{ "a\\ b@c", "a b@c", NULL, "" },
	{ "<a:b@c.d>", "a:b@c.d", "a:b@c.d", "" },
	{ "<a\tb@c.d>", NULL, NULL, NULL },
	{ "<\"a\"b@c.d>", NULL, NULL, NULL },
	{ "<\"a\".\"b\"@c.d>", "a.b@c.d", "a.b@c.d", "" },
	{ "a@b.c,", "a@b.c", NULL, "" },
	{ "<\"\"@b.c>", "@b.c", NULL, "" },
	{ "<a%b@c.d>", "a%b@c.d", "a%b@c.d", "" },
	{ "postmaster", "postmaster", NULL, "" },
	{ "\"unclosed@b.c", NULL, NULL, NULL },
	{ "<a@[b>", "a@[b]", "a@[b]", "" },
	{ "", NULL, NULL, NULL },
	/* Neither control characters nor what is not UTF-8 (hostile 31, 32). */
	{ "<a\1b@c.d>", NULL, NULL, NULL },
	{ "<\"a\rb\"@c.d>", "a b@c.d", "a b@c.d", "" },
	{ "<\"a\nb\"@c.d>", "a b@c.d", "a b@c.d", "" },
	{ "<\"a\\\nb\"@c.d>", "a b@c.d", "a b@c.d", "" },
	{ "<a\xc0\xaf@c.d>", NULL, NULL, NULL },
	{ "<a\xed\xa0\x80@c.d>", NULL, NULL, NULL },
	{ "<a\xc3@c.d>", NULL, NULL, NULL },
	{ "<\xc3\xa9@b.c>", "\xc3\xa9@b.c", "\xc3\xa9@b.c", "" },
	{ "<a@\xc3\xa9.c>", NULL, NULL, NULL },
	/* clang-format on */
};

static void
check_path(const struct path *p, unsigned flags, const char *want)
{
	const char *rest = "(unset)";
	const char *got =
	    address_path(arena, p->text, flags | ADDRESS_EMPTY_OK, &rest);

	ok(strcmp(show(got), show(want)) == 0 &&
		(got == NULL || strcmp(rest, p->rest) == 0),
	    "%s path \"%s\" is \"%s\", then \"%s\"",
	    flags != 0 ? "strict" : "lax", p->text, show(got), rest);
}

static void
test_paths(void)
{
	const char *rest;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		check_path(&paths[i], 0, paths[i].lax);
		check_path(&paths[i], ADDRESS_STRICT, paths[i].strict);
	}
	ok(address_path(arena, "<>", 0, &rest) == NULL,
	    "the null address only where it is allowed");
	is(show(address_path(arena, "<a@\xc3\xa9.c>", ADDRESS_UTF8, &rest)),
	    "a@\xc3\xa9.c", "a UTF-8 domain with SMTPUTF8");
}

/* A deeply nested argument ends, and is no address. */
static void
test_deep(void)
{
	char *deep = malloc(100001);
	const char *rest;

	memset(deep, '(', 100000);
	deep[0] = '<';
	deep[100000] = '\0';
	ok(address_path(arena, deep, 0, &rest) == NULL, "100,000 parentheses");
	memset(deep, '@', 100000);
	(void)address_path(arena, deep, 0, &rest);
	ok(1, "100,000 at signs");
	free(deep);
}

static void
test_forms(void)
{
	static const char *const forms[][2] = {
		{ "a@b.c", "a@b.c" },
		{ "a b@c", "\"a b\"@c" },
		{ "a@b@c", "\"a@b\"@c" },
		{ ".a@c", "\".a\"@c" },
		{ "a.@c", "\"a.\"@c" },
		{ "a..b@c", "\"a..b\"@c" },
		{ "a\"b\\c@d", "\"a\\\"b\\\\c\"@d" },
		{ "@a:b@c", "\"@a:b\"@c" },
		{ "", "" },
		{ "@b", "\"\"@b" },
		{ "\xc3\xa9@b", "\xc3\xa9@b" },
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		is(address_external(arena, forms[i][0]), forms[i][1],
		    "the external form of %s", forms[i][0]);
		is(show(address_internal(arena, forms[i][1])), forms[i][0],
		    "the internal form of %s", forms[i][1]);
	}
	is(address_external_local(arena, "a@b"), "\"a@b\"",
	    "a local part that contains an @");
	ok(address_internal(arena, "\"a@b") == NULL, "a quote without end");
	ok(address_internal(arena, "a\n@b") == NULL, "a line break");
	is(address_domain("a@b@c"), "c", "the domain is behind the last @");
	ok(address_domain("a") == NULL, "no domain");
}

static void
test_extensions(void)
{
	static const struct {
		const char *local, *delimiters, *base, *extension;
	} cases[] = {
		{ "user+ext", "+", "user", "ext" },
		{ "user-ext", "+-", "user", "ext" },
		{ "user+a-b", "-+", "user", "a-b" },
		{ "user+", "+", "user", "" },
		{ "+ext", "+", NULL, NULL },
		{ "user", "+", NULL, NULL },
		{ "user+ext", "", NULL, NULL },
		{ "Postmaster", "t", NULL, NULL },
		{ "mailer-daemon", "-", NULL, NULL },
		{ "double-bounce", "-", NULL, NULL },
		{ "owner-list", "-", NULL, NULL },
		{ "list-request", "-", NULL, NULL },
		{ "owner-list+x", "+", "owner-list", "x" },
		{ "-request", "-", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *extension = NULL;
		const char *base = address_split_extension(
		    arena, cases[i].local, cases[i].delimiters, &extension);

		ok(strcmp(show(base), show(cases[i].base)) == 0 &&
			strcmp(show(extension), show(cases[i].extension)) == 0,
		    "%s with \"%s\" is %s and %s", cases[i].local,
		    cases[i].delimiters, show(base), show(extension));
	}
}

/* RFC 5321, 4.1.3. */
static void
test_literals(void)
{
	static const struct {
		const char *domain, *addr; /* NULL: it is none */
	} cases[] = {
		{ "[192.0.2.1]", "192.0.2.1" },
		{ "[IPv6:2001:db8::1]", "2001:db8::1" },
		{ "[ipv6:::1]", "::1" },
		{ "[2001:db8::1]", NULL },
		{ "[IPv6:192.0.2.1]", NULL },
		{ "[IPv6:]", NULL },
		{ "[[192.0.2.1]]", NULL },
		{ "[192.0.2.1", NULL },
		{ "192.0.2.1", NULL },
		{ "[]", NULL },
		{ "", NULL },
	};
	struct net_addr addr;
	char text[NET_TEXT];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool is_one = address_literal(cases[i].domain, &addr);

		is(is_one ? net_print(&addr, text) : "none",
		    cases[i].addr != NULL ? cases[i].addr : "none",
		    "\"%s\" as a literal", cases[i].domain);
	}
}

static void
test_names(void)
{
	is(address_fold(arena, "A@B.C"), "a@b.c", "small letters");
	is(address_fold(arena, "\xc3\x89@B"), "\xc3\xa9@b",
	    "small letters beyond ASCII");
	is(address_fold(arena,
	       "\xff"
	       "A"),
	    "\xff"
	    "a",
	    "what is not UTF-8 is folded as ASCII");
	is(show(address_alabel(arena,
	       "b\xc3\xbc"
	       "cher.example")),
	    "xn--bcher-kva.example", "U-labels for the DNS");
	is(show(address_alabel(arena, "Example.COM")), "Example.COM",
	    "an ASCII name stays");
	ok(address_alabel(arena, "\xc0\xaf") == NULL, "no such name");
}

int
main(void)
{
	arena = arena_new();
	test_paths();
	test_deep();
	test_forms();
	test_extensions();
	test_literals();
	test_names();
	arena_free(arena);
	return done_testing();
}

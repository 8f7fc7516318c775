/* The guard in front of libspf2: which records break the grammar of RFC 7208,
 * and what is made of the others. */
#include "checks/spf_record.h"

#include "base/buf.h"
#include "t/tap.h"

static struct buf out;
static struct spf_record_of of = { "a.d.example", "l-o.c@o.example",
	"h.example", false };

/* What the guard makes of ${text}; NULL: an error. */
static const char *
guarded(const char *text, bool v6)
{
	const char *why;

	of.v6 = v6;
	buf_reset(&out);
	return spf_record_guard(text, strlen(text), &of, &out, &why)
	    ? buf_str(&out)
	    : NULL;
}

static void
becomes(const char *text, bool v6, const char *want)
{
	const char *got = guarded(text, v6);

	ok(got != NULL && strcmp(got, want) == 0, "%s%s: %s, is %s", text,
	    v6 ? " for IPv6" : "", want, got != NULL ? got : "an error");
}

static void
test_good(void)
{
	becomes("v=spf1", false, "v=spf1");
	becomes("V=SPF1  A  -ALL ", false, "v=spf1 a -all");
	becomes("v=spf1 ip4:192.0.2.1/32 ip6:2001:DB8::0/32 ~all", false,
	    "v=spf1 ip4:192.0.2.1 ~all");
	becomes("v=spf1 ip4:192.0.2.1 ip6:2001:DB8::0/32 ~all", true,
	    "v=spf1 ip6:2001:db8::/32 ~all");
	becomes("v=spf1 -ip4:0.0.0.0/0", false,
	    "v=spf1 -ip4:0.0.0.0/1 -ip4:128.0.0.0/1");
	becomes("v=spf1 ip6:::/0", true, "v=spf1 ip6:::/1 ip6:8000::/1");
	becomes("v=spf1 a/24//64 mx:m.example/8//16", false,
	    "v=spf1 a/24 mx:m.example/8");
	becomes("v=spf1 a/24//64 mx:m.example/8//16", true,
	    "v=spf1 a//64 mx:m.example//16");
	becomes("v=spf1 ?a:h.example/0 mx/0//0", false,
	    "v=spf1 ?exists:_weira.h.example exists:_weirm.%{d}");
	becomes("v=spf1 redirect=a.example ptr mx", false,
	    "v=spf1 ptr mx redirect=a.example");
	becomes("v=spf1 redirect=a.example -all", false, "v=spf1 -all");
	becomes("v=spf1 exp=e.%{d} moo.cow-far_out=man:dog/cat a", false,
	    "v=spf1 a");
	becomes("v=spf1 exists:%{l128r+-}.%{o01}.%{ir}.b%%c%_.example", false,
	    "v=spf1 exists:%{lr+-}.%{o01}.%{ir}.b%%c%_.example");
	becomes("v=spf1 a:%{d2}.%{d3}.%{o1}.%{o2}.%{l2r-}.%{l1r-}.b", false,
	    "v=spf1 a:%{d2}.%{d}.%{o1}.%{o}.%{lr-}.%{l1r-}.b");
	becomes("v=spf1 a:%{i4}.%{i3}.%{v1}.%{h2}.%{h1}.%{p2}.b", false,
	    "v=spf1 a:%{i}.%{i3}.%{v}.%{h}.%{h1}.%{p2}.b");
	becomes("v=spf1 a:%{i31r}.%{i32r}.b", true, "v=spf1 a:%{i31r}.%{ir}.b");
	becomes("v=spf1 a:a/24.example include:%{d}", false,
	    "v=spf1 a:a/24.example include:%{d}");
	becomes("v=spf1 a:foo:bar/baz.example.com.", false,
	    "v=spf1 a:foo:bar/baz.example.com.");
}

static void
test_bad(void)
{
	static const char *const bad[] = { "all.", "all/8", "all:a.example",
		"foo", "-foo=bar", "a:", "a:host", "a:host.", "a:h.123",
		"a:h.-x", "a:h.x-", "a/", "a/33", "a/08", "a//129", "a/8/8",
		"a:h.example/", "a//8/8", "ip4", "ip4:", "ip4:1.2.3",
		"ip4:1.2.3.4/", "ip4:1.2.3.4/032", "ip4:1.2.3.4//8", "ip4:::1",
		"ip6:1.2.3.4", "ip6:::1/129", "ptr:", "ptr:x", "include",
		"include:", "include:x", "exists", "exists:x",
		"redirect=", "redirect=x", "exp=", "exp=x",
		"redirect=a.example redirect=a.example",
		"exp=a.example exp=a.example", "x=%", "x=%{", "x=%{z}", "x=%{s",
		"x=%a", "1x=y", "=y", "a:%{c}.example", "a:%{d0}.example",
		"a:%{dx}.example", "a:%{d}com", ":", "/8", "+",
		"a:\x80.example" };
	char text[128];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		(void)snprintf(text, sizeof text, "v=spf1 %s", bad[i]);
		ok(guarded(text, false) == NULL, "an error: %s", text);
	}
}

static void
test_size(void)
{
	static char text[SPF_RECORD_MOST + 2] = "v=spf1 -all";
	const char *why;

	ok(!spf_record_guard("v=spf1 a\0-all", 13, &of, &out, &why),
	    "a NUL inside");
	is(why, "a record is not ASCII", "it says so");
	memset(text + 11, ' ', sizeof text - 11);
	buf_reset(&out);
	ok(spf_record_guard(text, SPF_RECORD_MOST, &of, &out, &why),
	    "a long one");
	ok(!spf_record_guard(text, SPF_RECORD_MOST + 1, &of, &out, &why),
	    "a longer one");
}

int
main(void)
{
	ok(spf_record_is("v=spf1", 6) && spf_record_is("V=Spf1 x", 8) &&
		!spf_record_is("v=spf10", 7) && !spf_record_is("v=spf1\t", 7) &&
		!spf_record_is("v=spf", 5),
	    "what begins as a policy");
	test_good();
	test_bad();
	test_size();
	buf_free(&out);
	return done_testing();
}

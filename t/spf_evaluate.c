/* Policies as RFC 7208 tells of them, evaluated with the answers of a small
 * zone; what is asked; frames; the header. */
#include "checks/spf_evaluate.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/frame.h"
#include "checks/script.h"
#include "checks/spf_frame.h"
#include "checks/spf_header.h"
#include "checks/spf_inquiry.h"
#include "checks/spf_memo.h"
#include "rules/world.h"
#include "t/tap.h"

/* RFC 7208, appendix A, and more. */
static const char *const zone[] = {
	"example.com A 192.0.2.10",
	"example.com A 192.0.2.11",
	"example.com MX 10 mail-a.example.com",
	"example.com MX 20 mail-b.example.com",
	"amy.example.com A 192.0.2.65",
	"bob.example.com A 192.0.2.66",
	"mail-a.example.com A 192.0.2.129",
	"mail-b.example.com A 192.0.2.130",
	"example.org MX 10 mail-c.example.org",
	"mail-c.example.org A 192.0.2.140",
	"10.2.0.192.in-addr.arpa PTR example.com",
	"11.2.0.192.in-addr.arpa PTR example.com",
	"65.2.0.192.in-addr.arpa PTR amy.example.com",
	"66.2.0.192.in-addr.arpa PTR bob.example.com",
	"129.2.0.192.in-addr.arpa PTR mail-a.example.com",
	"130.2.0.192.in-addr.arpa PTR mail-b.example.com",
	"140.2.0.192.in-addr.arpa PTR mail-c.example.org",
	"4.0.0.10.in-addr.arpa PTR bob.example.com",
	"strong-bad.email.example.com A 192.0.2.1",
	"_spf.example.com TXT v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all",
	"3.2.0.192.in-addr._spf.example.com A 127.0.0.1",
	"six.example.com AAAA 2001:db8::cb01",
	"away.example.com SERVFAIL",
	"0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.n.example A 127.0.0.2",
};

static struct world *world;
static struct arena *arena;

static enum spf_result
evaluate(const char *policy, const char *client, const char *sender)
{
	struct spf_query query = { .helo = "helo.example.com",
		.sender = sender,
		.receiver = "mail.example.net" };
	const char *why;

	(void)net_parse(client, &query.client);
	world = script_new();
	for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++)
		(void)script_add(world, zone[i]);
	if (policy != NULL)
		(void)script_add(world,
		    arena_printf(
			arena, "%s TXT %s", strrchr(sender, '@') + 1, policy));
	enum spf_result result =
	    spf_inquiry_run(world, arena, &query, INT64_MAX, &why);
	script_close(world);
	return result;
}

/* ${policy} of ${domain} says this of these clients. */
static void
says(const char *policy, const char *domain, const char *client,
    enum spf_result want)
{
	enum spf_result got = evaluate(
	    policy, client, arena_printf(arena, "strong-bad@%s", domain));

	ok(got == want, "%s: %s is %s, want %s", policy, client,
	    spf_evaluate_word(got), spf_evaluate_word(want));
}

/* Appendix A.1 to A.4 and section 7.4. */
static void
test_appendix(void)
{
	const char *d = "example.com";

	says("v=spf1 +all", d, "192.0.2.200", SPF_PASS);
	says("v=spf1 a -all", d, "192.0.2.10", SPF_PASS);
	says("v=spf1 a -all", d, "192.0.2.12", SPF_FAIL);
	says("v=spf1 a:example.org -all", d, "192.0.2.10", SPF_FAIL);
	says("v=spf1 mx -all", d, "192.0.2.129", SPF_PASS);
	says("v=spf1 mx -all", d, "192.0.2.10", SPF_FAIL);
	says("v=spf1 mx:example.org -all", d, "192.0.2.140", SPF_PASS);
	says("v=spf1 mx mx:example.org -all", d, "192.0.2.130", SPF_PASS);
	says("v=spf1 mx mx:example.org -all", d, "192.0.2.140", SPF_PASS);
	says("v=spf1 mx/30 mx:example.org/30 -all", d, "192.0.2.131", SPF_PASS);
	says("v=spf1 mx/30 mx:example.org/30 -all", d, "192.0.2.143", SPF_PASS);
	says("v=spf1 mx/30 -all", d, "192.0.2.132", SPF_FAIL);
	says("v=spf1 ptr -all", d, "192.0.2.65", SPF_PASS);
	says("v=spf1 ptr -all", d, "192.0.2.140", SPF_FAIL);
	says("v=spf1 ptr -all", d, "10.0.0.4", SPF_FAIL);
	says("v=spf1 ip4:192.0.2.128/28 -all", d, "192.0.2.65", SPF_FAIL);
	says("v=spf1 ip4:192.0.2.128/28 -all", d, "192.0.2.129", SPF_PASS);
	says("v=spf1 include:_spf.example.com ?all", "email.example.com",
	    "192.0.2.3", SPF_PASS);
	says("v=spf1 redirect=_spf.example.com", "email.example.com",
	    "192.0.2.4", SPF_FAIL);
	says("v=spf1 exists:%{l}.%{d} -all", "email.example.com", "192.0.2.9",
	    SPF_PASS);
}

static void
test_rules(void)
{
	const char *d = "x.example.com";

	says(NULL, "example.com", "192.0.2.1", SPF_NONE);
	says("v=spf10 -all", d, "192.0.2.1", SPF_NONE);
	says("v=spf1", d, "192.0.2.1", SPF_NEUTRAL);
	says("v=spf1 ~all", d, "192.0.2.1", SPF_SOFTFAIL);
	says("v=spf1 include:none.example ~all", d, "192.0.2.1", SPF_PERMERROR);
	says("v=spf1 redirect=none.example", d, "192.0.2.1", SPF_PERMERROR);
	says("v=spf1 a:away.example.com -all", d, "192.0.2.1", SPF_TEMPERROR);
	says("v=spf1 redirect=away.example.com", d, "192.0.2.1", SPF_TEMPERROR);
	says("v=spf1 ip4:192.0.2.1 a:away.example.com", d, "192.0.2.1",
	    SPF_PASS);
	says("v=spf1 ip4:1.2.3.4 nonsense", d, "1.2.3.4", SPF_PERMERROR);
	says("v=spf1 a:six.example.com -all", d, "2001:db8::cb01", SPF_PASS);
	says("v=spf1 a:six.example.com//120 -all", d, "2001:db8::cb99",
	    SPF_PASS);
	says("v=spf1 a:six.example.com//128 -all", d, "2001:db8::cb99",
	    SPF_FAIL);
	says("v=spf1 a:six.example.com//0 -all", d, "2001:db8::1", SPF_PASS);
	says("v=spf1 a:six.example.com/0 -all", d, "198.51.100.1", SPF_FAIL);
	says("v=spf1 mx:example.com/0 -all", d, "198.51.100.1", SPF_PASS);
	says(
	    "v=spf1 exists:%{i20r}.n.example -all", d, "2001:db8::1", SPF_PASS);
	says("v=spf1 a:mail-c.%{d2} -all", "example.org", "192.0.2.140",
	    SPF_PASS);
	says("v=spf1 a:mail-c.%{d9} -all", "example.org", "192.0.2.140",
	    SPF_PASS);
	says("v=spf1 ip4:0.0.0.0/0 -all", d, "2001:db8::1", SPF_FAIL);
	says("v=spf1 ip4:0.0.0.0/0 -all", d, "198.51.100.1", SPF_PASS);
	says("v=spf1 ip6:::ffff:192.0.2.1 -all", d, "192.0.2.1", SPF_FAIL);
	ok(evaluate("v=spf1 -all", "192.0.2.1", "u@[192.0.2.1]") == SPF_NONE &&
		evaluate("v=spf1 -all", "192.0.2.1", "u@host") == SPF_NONE &&
		evaluate("v=spf1 -all", "192.0.2.1", "u@a..b") == SPF_NONE &&
		evaluate(NULL, "192.0.2.1", "u") == SPF_NONE,
	    "what is no domain has no policy");
	ok(evaluate("v=spf1 exists:%{l}.%{d} -all", "192.0.2.1",
	       "strong-bad\xc3\xa9@email.example.com") == SPF_FAIL,
	    "a local part of other letters matches nothing");
}

/* The evaluator itself: what it wants, and that it ends. */
static void
test_wants(void)
{
	struct spf_datum policy = { "v=spf1 mx -all", 14 };
	struct spf_datum hosts[] = { { "a.example", 9 }, { "b.example", 9 },
		{ "", 0 } };
	struct spf_fact facts[] = {
		{ "d.example", DNS_TXT, DNS_FOUND, &policy, 1 },
		{ "D.example", DNS_MX, DNS_FOUND, hosts, 3 },
	};
	struct spf_query query = { .helo = "",
		.sender = "@d.example",
		.receiver = "r",
		.facts = facts };
	struct spf_reply reply;

	(void)net_parse("192.0.2.1", &query.client);
	spf_evaluate(arena, &query, &reply);
	ok(reply.nwants == 1 && reply.wants[0].type == DNS_TXT &&
		strcmp(reply.wants[0].name, "d.example") == 0,
	    "the policy first");
	query.nfacts = 1;
	spf_evaluate(arena, &query, &reply);
	ok(reply.nwants == 1 && reply.wants[0].type == DNS_MX, "then the MX");
	query.nfacts = 2;
	spf_evaluate(arena, &query, &reply);
	ok(reply.nwants == 2 && reply.wants[0].type == DNS_A &&
		strcmp(reply.wants[1].name, "b.example") == 0,
	    "then all of its hosts at once");
}

static bool
same_query(const struct spf_query *a, const struct spf_query *b)
{
	return net_equal(&a->client, &b->client) &&
	    strcmp(a->helo, b->helo) == 0 &&
	    strcmp(a->sender, b->sender) == 0 && a->nfacts == b->nfacts &&
	    a->facts[0].count == b->facts[0].count &&
	    a->facts[0].data[0].len == b->facts[0].data[0].len &&
	    memcmp(a->facts[0].data[0].data, b->facts[0].data[0].data,
		a->facts[0].data[0].len) == 0;
}

static void
test_frames(void)
{
	struct spf_datum text = { "v=spf1 \0", 8 };
	struct spf_fact fact = { "d.example", DNS_TXT, DNS_FOUND, &text, 1 };
	struct spf_query query = { .helo = "h",
		.sender = "a@d.example",
		.receiver = "r",
		.facts = &fact,
		.nfacts = 1 };
	struct spf_query got;
	struct spf_reply reply = {
		.nwants = 1, .wants = { { "n.example", DNS_AAAA } }, .why = ""
	};
	struct spf_reply back;
	struct frame frame;
	struct buf out = { 0 };
	size_t used, broken = 0;

	(void)net_parse("2001:db8::1", &query.client);
	spf_frame_put_query(&out, &query);
	ok(frame_get(out.data, out.len, &frame, &used) == FRAME_ONE &&
		spf_frame_query(frame.body, frame.len, arena, &got) &&
		same_query(&query, &got),
	    "a question as it was sent");
	for (size_t n = 0; n < frame.len; n++)
		broken += spf_frame_query(frame.body, n, arena, &got);
	ok(broken == 0, "none that is cut");
	buf_reset(&out);
	spf_frame_put_reply(&out, &reply);
	ok(frame_get(out.data, out.len, &frame, &used) == FRAME_ONE &&
		spf_frame_reply(frame.body, frame.len, arena, &back) &&
		back.nwants == 1 && back.wants[0].type == DNS_AAAA &&
		strcmp(back.wants[0].name, "n.example") == 0,
	    "a reply as it was sent");
	for (size_t n = 0; n < frame.len; n++)
		broken += spf_frame_reply(frame.body, n, arena, &back);
	ok(broken == 0, "none that is cut");
	buf_free(&out);
}

static void
test_header(void)
{
	struct spf_header h = { .result = SPF_SOFTFAIL,
		.mail = true,
		.domain = "d.example",
		.client = "2001:db8::1",
		.helo = "h\"\r\nX: y",
		.sender = "a)(b@d.example",
		.receiver = "r.example",
		.why = "" };

	is(spf_header_print(arena, &h),
	    "Received-SPF: softfail (r.example: domain of a\\)\\(b@d.example "
	    "discourages use of 2001:db8::1 as permitted sender) "
	    "identity=mailfrom; client-ip=\"2001:db8::1\"; "
	    "helo=\"h\\\"?\?X: y\"; envelope-from=\"a)(b@d.example\"; "
	    "receiver=r.example;",
	    "nothing breaks out of the header");
	h = (struct spf_header){ .result = SPF_PERMERROR,
		.domain = "d",
		.client = "192.0.2.1",
		.helo = "d",
		.sender = "",
		.receiver = "r",
		.why = "so" };
	is(spf_header_print(arena, &h),
	    "Received-SPF: permerror (r: error in processing of the policy of "
	    "d: so) identity=helo; client-ip=192.0.2.1; helo=d; receiver=r;",
	    "an error of the HELO name");
}

static void
test_memo(void)
{
	struct spf_memo *memo = spf_memo_new();
	struct spf_found found = { .mail = { true, SPF_FAIL, "x" } }, back;

	spf_memo_find(memo, arena, "k", &back);
	ok(!back.mail.known && !back.told, "nothing is known");
	spf_memo_keep(memo, "k", &found);
	spf_memo_find(memo, arena, "k", &back);
	ok(back.mail.known && back.mail.result == SPF_FAIL &&
		strcmp(back.mail.why, "x") == 0 && !back.helo.known,
	    "what was kept");
	spf_memo_find(memo, arena, "other", &back);
	ok(!back.mail.known, "of that message");
	spf_memo_free(memo);
	spf_memo_find(NULL, arena, "k", &back);
	ok(!back.mail.known, "no memo knows nothing");
}

int
main(void)
{
	arena = arena_new();
	test_appendix();
	test_rules();
	test_wants();
	test_frames();
	test_header();
	test_memo();
	arena_free(arena);
	return done_testing();
}

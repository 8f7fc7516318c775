/* Which servers are tried, in which order, and why none (L-73, L-74, O-39 to
 * O-42, hostile 120). */
#include "delivery/smtp_hosts.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_nexthop.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"
#include "rules/match.h"
#include "t/tap.h"
#include "t/testworld.h"

static const char zone[] =
    "plain.example A 192.0.2.1\n"
    "plain.example AAAA 2001:db8::1\n"
    "mx.example MX 20 second.example\n"
    "mx.example MX 10 first.example\n"
    "first.example A 192.0.2.10\n"
    "second.example A 192.0.2.20\n"
    "null.example MX 0 .\n"
    "fail.example SERVFAIL\n"
    "noaddr.example TXT x\n"
    "lost.example MX 10 gone.example\n"
    "half.example MX 10 fail.example\n"
    "half.example MX 20 gone.example\n"
    "self.example MX 10 own.example\n"
    "self.example MX 20 first.example\n"
    "backup.example MX 10 first.example\n"
    "backup.example MX 20 own.example\n"
    "backup.example MX 30 second.example\n"
    "own.example A 192.0.2.99\n"
    "zero.example MX 10 any.example\n"
    "any.example A 0.0.0.0\n"
    "worse.example MX 5 gone.example\n"
    "worse.example MX 20 own.example\n"
    "equal.example MX 10 a.equal.example\n"
    "equal.example MX 10 b.equal.example\n"
    "equal.example MX 10 c.equal.example\n"
    "equal.example MX 10 d.equal.example\n"
    "a.equal.example A 192.0.2.31\n"
    "b.equal.example A 192.0.2.32\n"
    "c.equal.example A 192.0.2.33\n"
    "d.equal.example AAAA 2001:db8::34\n"
    "_smtp._tcp.srv.example SRV 20 0 0 second.example\n"
    "_smtp._tcp.srv.example SRV 10 0 2525 first.example\n"
    "srv.example MX 10 plain.example\n"
    "_smtp._tcp.away.example SERVFAIL\n"
    "away.example A 192.0.2.40\n"
    "_smtp._tcp.refused.example SRV 0 0 0 .\n"
    "_smtp._tcp.lost.example SRV 0 0 25 gone.example\n"
    "_smtp._tcp.self.example SRV 10 0 25 own.example\n"
    "_smtp._tcp.worse.example SRV 5 0 25 gone.example\n"
    "_smtp._tcp.worse.example SRV 9 0 25 own.example\n";

static struct net_addr own;
static struct transport transport;
static struct smtp_client client = { .transport = &transport,
	.dns = true,
	.exchangers = true,
	.ipv4 = true,
	.ipv6 = true,
	.own = &own,
	.nown = 1,
	.address_preference = "any",
	.balance_inet_protocols = true,
	.mx_address_limit = 5 };

/* The answer in words: addresses, or "dsn text". */
static void
find(const char *name, bool mx, unsigned port, struct buf *out)
{
	struct testworld world = testworld_new(zone);
	struct smtp_nexthop hop = {
		.text = name, .host = name, .port = port, .mx = mx
	};
	struct arena *arena = arena_new();
	struct smtp_hosts hosts;
	struct smtp_why why = { 0 };
	char text[NET_TEXT];

	buf_reset(out);
	if (smtp_hosts_find(&client, &world.world, arena, &hop, &hosts, &why))
		for (size_t i = 0; i < hosts.count; i++) {
			buf_printf(out, "%s%s", i > 0 ? " " : "",
			    net_print(&hosts.list[i].addr, text));
			if (hosts.list[i].port != port)
				buf_printf(out, ":%u", hosts.list[i].port);
		}
	else
		buf_printf(out, "%s %s", why.dsn, why.text);
	arena_free(arena);
}

#define NAME_SERVICE "Host or domain name not found. Name service error for "

static const struct {
	const char *name;
	bool mx;
	unsigned port;
	const char *want;
} cases[] = {
	{ "mx.example", true, 25, "192.0.2.10 192.0.2.20" },
	{ "plain.example", true, 25, "192.0.2.1 2001:db8::1" },
	{ "mx.example", false, 25,
	    "5.4.4 " NAME_SERVICE "name=mx.example type=AAAA: Host found but "
	    "no data record of requested type" },
	{ "192.0.2.7", false, 25, "192.0.2.7" },
	{ "no.example", true, 25,
	    "5.4.4 " NAME_SERVICE "name=no.example type=AAAA: Host not found" },
	{ "noaddr.example", true, 25,
	    "5.4.4 " NAME_SERVICE "name=noaddr.example type=AAAA: Host found "
	    "but no data record of requested type" },
	{ "fail.example", true, 25,
	    "4.4.3 " NAME_SERVICE "name=fail.example type=MX: Host not found, "
	    "try again" },
	{ "null.example", true, 25,
	    "5.1.10 Domain null.example does not accept mail (nullMX)" },
	{ "lost.example", true, 25,
	    "5.4.4 " NAME_SERVICE "name=gone.example type=AAAA: Host not "
	    "found" },
	{ "half.example", true, 25,
	    "4.4.3 " NAME_SERVICE "name=fail.example type=AAAA: Host not "
	    "found, try again" },
	{ "self.example", true, 25,
	    "5.4.6 mail for self.example loops back to myself" },
	{ "zero.example", true, 25,
	    "5.4.6 mail for zero.example loops back to myself" },
	{ "own.example", false, 25,
	    "5.4.6 mail for own.example loops back to myself" },
	{ "own.example", false, 2525, "192.0.2.99" },
	{ "backup.example", true, 25, "192.0.2.10" },
	{ "worse.example", true, 25,
	    "4.4.4 unable to find primary relay for worse.example" },
	{ "a b.example", true, 25,
	    "5.4.4 Name service error for a b.example: invalid host or domain "
	    "name" },
};

/* By SRV records; in each case as it is, with ignore_srv_lookup_error, and with
 * allow_srv_lookup_fallback. */
static const struct {
	const char *name;
	const char *want[3]; /* NULL: as before */
} services[] = {
	{ "srv.example", { "192.0.2.10:2525 192.0.2.20" } },
	{ "mx.example",
	    { "5.4.4 " NAME_SERVICE "name=_smtp._tcp.mx.example type=SRV: "
	      "Host not found",
		NULL, "192.0.2.10 192.0.2.20" } },
	{ "away.example",
	    { "4.4.3 " NAME_SERVICE "name=_smtp._tcp.away.example type=SRV: "
	      "Host not found, try again",
		"192.0.2.40", "192.0.2.40" } },
	{ "refused.example",
	    { "5.1.0 Domain _smtp._tcp.refused.example does not support SRV "
	      "requests",
		NULL,
		"5.4.4 " NAME_SERVICE "name=refused.example type=AAAA: Host "
		"found but no data record of requested type" } },
	{ "lost.example",
	    { "5.4.4 " NAME_SERVICE "name=gone.example type=AAAA: Host not "
	      "found",
		NULL,
		"4.4.4 " NAME_SERVICE "name=gone.example type=AAAA: Host not "
		"found" } },
	{ "self.example",
	    { "5.4.6 mail for _smtp._tcp.self.example loops back to myself",
		NULL, "5.4.6 mail for self.example loops back to myself" } },
	{ "worse.example",
	    { "4.4.4 unable to find primary relay for "
	      "_smtp._tcp.worse.example",
		NULL,
		"4.4.4 unable to find primary relay for "
		"worse.example" } },
};

static void
test_services(struct buf *out)
{
	static const struct param_table *const none[] = { NULL };
	struct conf *conf = conf_parse("main.cf", "", none, NULL);
	struct delivery_params *p = &transport.params;

	client.services =
	    match_open("submission, smtp", "use_srv_lookup", 0, conf, NULL);
	client.tcp_port = "smtp";
	for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
		const char *want = services[i].want[0];

		for (int how = 0; how < 3; how++) {
			p->ignore_srv_lookup_error = how > 0;
			p->allow_srv_lookup_fallback = how > 1;
			find(services[i].name, true, 25, out);
			if (services[i].want[how] != NULL)
				want = services[i].want[how];
			is(buf_str(out), want, "SRV, %d: %s: %s", how,
			    services[i].name, buf_str(out));
		}
	}
	client.tcp_port = "24";
	find("srv.example", true, 24, out);
	is(buf_str(out), "192.0.2.1 2001:db8::1",
	    "a service that is not in use_srv_lookup");
	match_close(client.services);
	client.services = match_open("fail:x", "use_srv_lookup", 0, conf, NULL);
	find("srv.example", true, 24, out);
	is(buf_str(out), "4.3.0 use_srv_lookup lookup error for 24",
	    "use_srv_lookup cannot be asked");
	match_close(client.services);
	client.services = NULL;
	conf_free(conf);
}

int
main(void)
{
	struct buf out = { 0 };

	(void)net_parse("192.0.2.99", &own);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		find(cases[i].name, cases[i].mx, cases[i].port, &out);
		is(buf_str(&out), cases[i].want, "%s: %s", cases[i].name,
		    buf_str(&out));
	}

	client.ipv6 = false;
	find("no.example", true, 25, &out);
	is(buf_str(&out),
	    "5.4.4 " NAME_SERVICE "name=no.example type=A: Host not found",
	    "without IPv6 the last question is for A");
	client.ipv6 = true;

	client.defer_if_no_mx_address_found = true;
	find("lost.example", true, 25, &out);
	ok(strncmp(buf_str(&out), "4.4.4 ", 6) == 0,
	    "smtp_defer_if_no_mx_address_found");

	transport.params.ignore_mx_lookup_error = true;
	find("fail.example", true, 25, &out);
	ok(strstr(buf_str(&out), "type=MX") == NULL,
	    "ignore_mx_lookup_error asks for the address");

	client.mx_address_limit = 2;
	find("equal.example", true, 25, &out);
	is(buf_str(&out), "192.0.2.31 2001:db8::34",
	    "smtp_balance_inet_protocols within smtp_mx_address_limit");
	client.mx_address_limit = 5;

	client.address_preference = "ipv6";
	find("equal.example", true, 25, &out);
	ok(strncmp(buf_str(&out), "2001:", 5) == 0, "smtp_address_preference");

	client.address_preference = "any";
	client.randomize_addresses = true;
	find("mx.example", true, 25, &out);
	is(buf_str(&out), "192.0.2.10 192.0.2.20",
	    "preferences stand above chance");
	test_services(&out);
	buf_free(&out);
	return done_testing();
}

/* What addresses become and where they go. */
#include "base/event.h"
#include "base/net.h"
#include "rules/own.h"
#include "testroute.h"

static const char *
rewritten(const struct site *s, const char *address)
{
	return route_rewrite(s->route, arena, address, true);
}

static void
test_rewrite(void)
{
	struct site s = site_open("myorigin = $mydomain\n"
				  "append_dot_mydomain = yes\n");

	is(rewritten(&s, "kdent"), "kdent@example.com",
	    "myorigin completes a user (S-033)");
	is(rewritten(&s, "kdent@host"), "kdent@host.example.com",
	    "mydomain completes a host (S-034, L-20)");
	is(rewritten(&s, "kdent@host."), "kdent@host",
	    "a dot at the end stands for nothing to complete");
	is(rewritten(&s, "site!user"), "user@site.example.com", "a bang path");
	is(rewritten(&s, "user%host.example"), "user@host.example",
	    "the percent hack");
	is(rewritten(&s, "a!b@c.example"), "a!b@c.example",
	    "neither, behind a domain");
	is(rewritten(&s, "a b@[192.0.2.1]"), "a b@[192.0.2.1]",
	    "a literal is complete");
	is(rewritten(&s, ""), "", "the null address stays");
	is(route_rewrite(s.route, arena, "user", false), "user",
	    "headers of strangers stay");
	is(route_rewrite(s.route, arena, "user@host", false), "user@host",
	    "in all forms");
	site_close(&s);

	s = site_open("append_at_myorigin = no\nswap_bangpath = no\n"
		      "allow_percent_hack = no\n"
		      "remote_header_rewrite_domain = domain.invalid\n");
	is(rewritten(&s, "user"), "user", "append_at_myorigin = no");
	is(rewritten(&s, "user@host"), "user@host",
	    "append_dot_mydomain = no is the default");
	is(rewritten(&s, "site!user"), "site!user", "swap_bangpath = no");
	is(rewritten(&s, "user%host"), "user%host", "allow_percent_hack = no");
	site_close(&s);
}

static const char classes[] = "\0local\0alias\0mailbox\0relay\0default";

static const char *class_name(enum route_class class)
{
	const char *name = classes + 1;

	for (int i = 0; i < (int)class; i++)
		name += strlen(name) + 1;
	return name;
}

/* "class transport:nexthop recipient flags" */
static const char *
resolved_from(const struct site *s, const char *sender, const char *recipient)
{
	struct route_answer a;

	if (route_resolve(s->route, &world.world, arena, sender, recipient,
		&a) == TABLE_FAILED)
		return "could not ask";
	return arena_printf(arena, "%s %s:%s %s%s%s", class_name(a.class),
	    a.transport, a.nexthop, a.recipient, a.routed ? " routed" : "",
	    a.invalid ? " invalid" : "");
}

static const char *
resolved(const struct site *s, const char *recipient)
{
	return resolved_from(s, "sender@example.net", recipient);
}

static void
test_classes(void)
{
	struct site s = site_open(all_classes);

	is(resolved(&s, "kdent@example.com"),
	    "local local:mail.example.com kdent@example.com",
	    "mydestination (L-01, S-035, S-036)");
	is(resolved(&s, "u@[192.0.2.1]"),
	    "local local:mail.example.com u@[192.0.2.1]",
	    "the literal of an address of ours (L-01)");
	is(resolved(&s, "u@[198.51.100.1]"),
	    "local local:mail.example.com u@[198.51.100.1]",
	    "and of proxy_interfaces (L-74, L-82)");
	is(resolved(&s, "u@[192.0.2.2]"),
	    "default smtp:[192.0.2.2] u@[192.0.2.2]", "the literal of another");
	is(resolved(&s, "u@alias.example"),
	    "alias error:5.1.1 User unknown in virtual alias table "
	    "u@alias.example",
	    "virtual_alias_domains (L-02)");
	is(resolved(&s, "u@box.example"),
	    "mailbox lmtp:unix:private/lmtp u@box.example",
	    "virtual_mailbox_domains (L-03, L-64)");
	is(resolved(&s, "u@relay.example"),
	    "relay relay:relay.example u@relay.example",
	    "relay_domains (L-04, L-71)");
	is(resolved(&s, "u@sub.relay.example"),
	    "relay relay:sub.relay.example u@sub.relay.example",
	    "and what is below");
	is(resolved(&s, "u@other.example"),
	    "default smtp:other.example u@other.example", "any other (L-05)");
	is(resolved(&s, ""),
	    "local local:mail.example.com MAILER-DAEMON@mail.example.com",
	    "the null address");
	is(resolved(&s,
	       "\xc3\xa9@b\xc3\xbc"
	       "cher.example"),
	    "default smtp:b\xc3\xbc"
	    "cher.example \xc3\xa9@b\xc3\xbc"
	    "cher.example",
	    "an international domain");
	site_close(&s);
}

/* Hostile 41, 58: no way round the class of a domain. */
static void
test_routing(void)
{
	struct site s = site_open(all_classes);

	is(resolved(&s, "u%other.example@example.com"),
	    "default smtp:other.example u@other.example",
	    "percent within a domain of ours");
	is(resolved(&s, "other.example!u@example.com"),
	    "default smtp:other.example u@other.example", "bang");
	is(resolved(&s, "u@other.example@example.com"),
	    "default smtp:other.example u@other.example", "a quoted domain");
	is(resolved(&s, "u@other.example@relay.example"),
	    "relay relay:relay.example u@other.example@relay.example routed",
	    "and within a domain that we relay to");
	is(resolved(&s, "u%other.example@relay.example"),
	    "relay relay:relay.example u%other.example@relay.example routed",
	    "percent");
	is(resolved(&s, "other.example!u@relay.example"),
	    "relay relay:relay.example other.example!u@relay.example routed",
	    "bang");
	is(resolved(&s, "u@1.2.3.4"),
	    "default error:5.1.3 bad address syntax "
	    "u@1.2.3.4 invalid",
	    "an address without brackets");
	is(resolved(&s, "u@[300.2.3.4]"),
	    "default error:5.1.3 bad address syntax u@[300.2.3.4] invalid",
	    "a literal that is none");
	is(resolved(&s, "u@[::1]"),
	    "default error:5.1.3 bad address syntax u@[::1] invalid",
	    "an IPv6 literal without its tag");
	is(resolved(&s, "-u@other.example"),
	    "default error:5.1.3 bad address syntax -u@other.example invalid",
	    "what could be taken for an option (hostile 132)");
	is(resolved(&s, "u@other..example"),
	    "default error:5.1.3 bad address syntax u@other..example invalid",
	    "an empty label");
	site_close(&s);
}

static void
test_transports(void)
{
	struct site s = site_open(
	    "mydestination = example.com\nrelayhost = [relay.example]:587\n"
	    "relay_domains =\nrecipient_delimiter = +\n"
	    "transport_maps = inline:{"
	    "{u@t1.example=uucp:host}, {t1.example=smtp:[inside]:2525},"
	    "{.t1.example=slow:}, {t2.example=error:5.7.1 mail is refused},"
	    "{t3.example=:}, {t4.example=:[hop]}, {t5.example=retry:},"
	    "{t6.example=error:}}\n");

	is(resolved(&s, "u@other.example"),
	    "default smtp:[relay.example]:587 u@other.example",
	    "relayhost (L-75)");
	is(resolved(&s, "u@t1.example"), "default uucp:host u@t1.example",
	    "transport by address (F-126, S-021)");
	is(resolved(&s, "u+x@t1.example"), "default uucp:host u+x@t1.example",
	    "without its extension");
	is(resolved(&s, "v@t1.example"),
	    "default smtp:[inside]:2525 v@t1.example",
	    "by domain (L-07, L-70)");
	is(resolved(&s, "v@a.b.t1.example"),
	    "default slow:a.b.t1.example v@a.b.t1.example",
	    "by .domain; the next hop is the recipient's domain");
	is(resolved(&s, "v@t2.example"),
	    "default error:5.7.1 mail is refused v@t2.example", "error:text");
	is(resolved(&s, "v@t3.example"),
	    "default smtp:[relay.example]:587 v@t3.example",
	    "\":\" changes nothing");
	is(resolved(&s, "v@t4.example"), "default smtp:[hop] v@t4.example",
	    "a next hop alone");
	is(resolved(&s, "v@t5.example"),
	    "default retry:Address is undeliverable v@t5.example", "retry:");
	is(resolved(&s, "v@t6.example"),
	    "default error:Address is undeliverable v@t6.example", "error:");
	site_close(&s);

	s = site_open("relay_domains =\nmydestination =\n"
		      "parent_domain_matches_subdomains = transport_maps\n"
		      "transport_maps = inline:{{b.example=in:}, {*=out:hop}}"
		      "\n");
	is(resolved(&s, "u@a.b.example"),
	    "default in:a.b.example u@a.b.example",
	    "a domain stands for what is below (S-022)");
	is(resolved(&s, "u@c.example"), "default out:hop u@c.example",
	    "the rest (L-78)");
	site_close(&s);
}

static void
test_senders(void)
{
	struct site s = site_open(
	    "mydestination =\nrelay_domains = relay.example\n"
	    "relayhost = general\n"
	    "sender_dependent_relayhost_maps = inline:{{@a.example=[hop-a]},"
	    "{u@b.example=dunno}, {<>=[bounces]}}\n"
	    "sender_dependent_default_transport_maps = inline:{"
	    "{@a.example=smtp-a}, {u@b.example=smtp-b:hop-b}}\n");

	is(resolved_from(&s, "x@a.example", "r@c.example"),
	    "default smtp-a:[hop-a] r@c.example", "both by sender");
	is(resolved_from(&s, "x@a.example", "r@relay.example"),
	    "relay relay:[hop-a] r@relay.example",
	    "the transport only for the default class");
	is(resolved_from(&s, "u@b.example", "r@c.example"),
	    "default smtp-b:hop-b r@c.example", "transport:nexthop");
	is(resolved_from(&s, "u@b.example", "r@relay.example"),
	    "relay relay:relay.example r@relay.example",
	    "DUNNO is no relayhost at all");
	is(resolved_from(&s, "", "r@c.example"),
	    "default smtp:[bounces] r@c.example", "the null sender");
	is(resolved_from(&s, "z@z.example", "r@c.example"),
	    "default smtp:general r@c.example", "any other sender");
	site_close(&s);
}

/* What cannot be asked is never "not there". */
static void
test_failures(void)
{
	static const char *const broken[] = {
		"mydestination = fail:x\n",
		"virtual_alias_domains = fail:x\n",
		"virtual_mailbox_domains = fail:x\n",
		"relay_domains = fail:x\n",
		"transport_maps = fail:x\n",
		"relocated_maps = fail:x\n",
		"sender_dependent_relayhost_maps = fail:x\n",
		"sender_dependent_default_transport_maps = fail:x\n",
		"transport_maps = inline:{other.example=}\n",
		"default_transport =\n",
		"swap_bangpath = perhaps\n",
	};

	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct site s = site_open(broken[i]);
		char *line = arena_strdup(arena, broken[i]);

		line[strcspn(line, "\n")] = '\0';
		is(resolved(&s, "u@other.example"), "could not ask", "%s",
		    line);
		site_close(&s);
	}
}

static char said[8192];

static void
listen_to_warnings(FILE **file)
{
	said[0] = '\0';
	*file = tmpfile();
	if (*file == NULL)
		abort();
	event_open(&(struct event_target){
	    .name = "weir", .fd = fileno(*file), .json_fd = -1 });
}

static const char *
warnings(FILE *file)
{
	size_t n;

	event_flush();
	rewind(file);
	n = fread(said, 1, sizeof said - 1, file);
	said[n] = '\0';
	(void)fclose(file);
	event_open(
	    &(struct event_target){ .name = "weir", .fd = 2, .json_fd = -1 });
	return said;
}

static void
test_conflicts(void)
{
	struct site s = site_open("mydestination = a.example\n"
				  "virtual_alias_domains = a.example\n"
				  "virtual_mailbox_domains = b.example\n"
				  "relay_domains = b.example\n");
	FILE *file;

	listen_to_warnings(&file);
	(void)resolved(&s, "u@a.example");
	ok(strstr(warnings(file),
	       "warning: do not list domain a.example in BOTH mydestination "
	       "and virtual_alias_domains\n") != NULL,
	    "a domain in two classes is told (L-06, L-08)");
	listen_to_warnings(&file);
	(void)resolved(&s, "u@b.example");
	ok(strstr(warnings(file),
	       "warning: do not list domain b.example in BOTH "
	       "virtual_mailbox_domains and relay_domains\n") != NULL,
	    "in any two");
	listen_to_warnings(&file);
	(void)resolved(&s, "u@c.example");
	is(warnings(file), "", "and nothing else is");
	site_close(&s);
}

static void
test_own(void)
{
	struct site s = site_open("");
	struct err err = { "" };
	struct own *own = own_read(s.conf, arena, &err);
	struct net_addr addr;

	ok(net_parse("192.0.2.1", &addr) && own_has(own, OWN_INTERFACES, &addr),
	    "an interface");
	ok(net_parse("198.51.100.1", &addr) &&
		!own_has(own, OWN_INTERFACES, &addr) &&
		own_has(own, OWN_PROXIES, &addr),
	    "a proxy");
	site_close(&s);

	s = site_open("inet_interfaces = loopback-only\nproxy_interfaces =\n");
	own = own_read(s.conf, arena, &err);
	ok(net_parse("127.0.0.1", &addr) && own_has(own, OWN_INTERFACES, &addr),
	    "loopback-only");
	ok(net_parse("192.0.2.77", &addr) &&
		!own_has(own, OWN_INTERFACES, &addr),
	    "and nothing else");
	is(err.text, "", "no complaint");
	site_close(&s);

	s = site_open("inet_interfaces = no-such-host.invalid\n");
	ok(strstr(s.err.text,
	       "inet_interfaces: host not found: "
	       "no-such-host.invalid") != NULL,
	    "a name that has no address: %s", s.err.text);
	site_close(&s);
}

static void
test_mistakes(void)
{
	struct site s = site_open("canonical_classes = envelope_sende\n"
				  "relay_domains = /no/such/file\n"
				  "transport_maps = nosuch:type\n");

	ok(strstr(s.err.text,
	       "canonical_classes: unknown name "
	       "\"envelope_sende\"") != NULL,
	    "a name that is none");
	ok(strstr(s.err.text, "relay_domains: ") != NULL &&
		strstr(s.err.text, "/no/such/file") != NULL,
	    "a list that cannot be read");
	ok(strstr(s.err.text, "transport_maps: ") != NULL &&
		strstr(s.err.text, "nosuch") != NULL,
	    "a table of no type: %s", s.err.text);
	ok(route_flags(s.route) == 0, "nothing blocks");
	ok(route_final(s.route, &world.world, arena, "mail.example.com") ==
		TABLE_FOUND,
	    "the rest works");
	ok(route_final(s.route, &world.world, arena, "mail.example.com..") ==
		TABLE_NONE,
	    "two dots are too many");
	site_close(&s);
	route_close(NULL);
}

int
main(void)
{
	testroute_begin();
	test_rewrite();
	test_classes();
	test_routing();
	test_transports();
	test_senders();
	test_failures();
	test_conflicts();
	test_own();
	test_mistakes();
	arena_free(arena);
	return done_testing();
}

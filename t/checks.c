/* The parts of restrictions, each alone: status codes, what DNS lists have
 * said, talking to policy servers, what a client is called, the registry.
 * Hostile rows 65, 74. */
#include "checks/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/net.h"
#include "checks/dnsbl_cache.h"
#include "checks/peer.h"
#include "checks/policy_client.h"
#include "checks/policy_service.h"
#include "checks/script.h"
#include "checks/status_code.h"
#include "checks/subject.h"
#include "t/tap.h"
#include "t/testworld.h"

static void
test_status_code(void)
{
	struct arena *a = arena_new();
	const char *text = "5.7.1  go away";

	ok(status_code_length("5.7.1") == 5, "alone");
	ok(status_code_length("4.20.300 x") == 8, "with three digits");
	ok(status_code_length("3.7.1 x") == 0, "3 is no class");
	ok(status_code_length("5.7.1x") == 0, "a word that begins like one");
	ok(status_code_length("5.7.") == 0 && status_code_length("5.") == 0,
	    "cut off");
	is(status_code_take(a, &text, "4.0.0"), "5.7.1", "taken");
	is(text, "go away", "what follows");
	is(status_code_take(a, &text, "4.0.0"), "4.0.0", "preset");
	arena_free(a);
}

static void
test_registry(void)
{
	unsigned n = 0;

	for (const struct check *c = check_all(); c->name != NULL; c++) {
		n += check_find(c->name) == c;
		if (c->help == NULL || c->help[0] == '\0' ||
		    (c->ask == NULL && strcmp(c->name, "warn_if_reject") != 0))
			n = 1000;
	}
	ok(n >= 78 && n < 1000, "each name once, with help");
	ok(check_find("Reject_RBL_Client") != NULL, "in any case");
	ok(check_find("reject_unknown_sender") == NULL, "T-11");
	is(check_suggest("reject_unknown_sender"),
	    "reject_unknown_sender_domain", "half a name");
	is(check_suggest("permit_mynetwork"), "permit_mynetworks", "a slip");
	ok(check_suggest("spamhater") == NULL, "nothing like it");
}

static void
test_cache(void)
{
	struct arena *a = arena_new();
	struct dns_record record = { .octets = { 127, 0, 0, 2 } };
	struct dns_answer in = { .status = DNS_FOUND,
		.ttl = 60,
		.records = &record,
		.count = 1 },
			  out;
	struct dns_answer failed = { .status = DNS_RETRY, .ttl = 60 };
	int64_t now = CLOCK_SECOND;
	char name[32];

	dnsbl_cache_flush();
	dnsbl_cache_keep("x.test", DNS_A, now, &in);
	ok(dnsbl_cache_find("x.test", DNS_A, now, a, &out) && out.count == 1 &&
		out.records[0].octets[3] == 2,
	    "kept");
	ok(!dnsbl_cache_find("x.test", DNS_TXT, now, a, &out), "by type");
	ok(!dnsbl_cache_find("x.test", DNS_A, now + 60 * CLOCK_SECOND, a, &out),
	    "as long as the list says");
	dnsbl_cache_keep("y.test", DNS_A, now, &failed);
	ok(!dnsbl_cache_find("y.test", DNS_A, now, a, &out),
	    "a failure is not kept");
	for (unsigned i = 0; i < 500000; i++) {
		(void)snprintf(name, sizeof name, "%u.test", i);
		dnsbl_cache_keep(name, DNS_A, now + i, &in);
		if (i % 1000 == 0)
			(void)dnsbl_cache_find(
			    "x.test", DNS_A, now + i, a, &out);
	}
	ok(dnsbl_cache_find("499999.test", DNS_A, now + 500000, a, &out),
	    "the newest of very many is there");
	ok(dnsbl_cache_find("x.test", DNS_A, now + 500000, a, &out),
	    "so is one that was asked for again and again");
	ok(!dnsbl_cache_find("0.test", DNS_A, now + 500000, a, &out),
	    "one that was not is gone");
	dnsbl_cache_flush();
	ok(!dnsbl_cache_find("499999.test", DNS_A, now + 500000, a, &out),
	    "flushed");
	arena_free(a);
}

/* What a policy server says, and to how many requests of a connection. */
struct server {
	int listener;
	const char *_Atomic answer;
	_Atomic unsigned connections, requests;
	_Atomic unsigned most; /* requests per connection */
	pthread_t thread;
};

static void
serve(struct server *server, int fd)
{
	char buffer[4096];
	size_t have = 0;
	ssize_t n;

	for (unsigned i = 0; i < server->most;) {
		n = read(fd, buffer + have, sizeof buffer - have - 1);
		if (n <= 0)
			return;
		have += (size_t)n;
		buffer[have] = '\0';
		if (strstr(buffer, "\n\n") == NULL)
			continue;
		have = 0;
		server->requests++;
		i++;
		if (write(fd, server->answer, strlen(server->answer)) < 0)
			return;
	}
}

static void *
server_main(void *arg)
{
	struct server *server = arg;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		server->connections++;
		serve(server, fd);
		(void)close(fd);
	}
	return NULL;
}

static const char *
ask_server(struct policy_client *client, struct arena *a, const char *path)
{
	const char *why = "", *action;
	const struct world_service to = { .max_idle = -1,
		.max_ttl = -1,
		.request_limit = -1,
		.endpoint = arena_printf(a, "unix:%s", path) };

	action = policy_client_ask(client, a, &to, "request=x\n\n",
	    clock_mono() + 60 * CLOCK_SECOND, &why);
	return action != NULL ? action : arena_printf(a, "(%s)", why);
}

static void
test_policy(const char *dir)
{
	static const struct policy_client_settings settings = {
		.max_idle = 300 * CLOCK_SECOND,
		.max_ttl = 300 * CLOCK_SECOND,
	};
	struct policy_client *client = policy_client_new(&settings);
	struct arena *a = arena_new();
	const char *path = arena_printf(a, "%s/policy", dir);
	struct buf endless = { 0 };
	struct server server = { .answer = "action=DUNNO\n\n",
		.most = 3 }; /* then it hangs up */
	struct err err = { 0 };

	server.listener = net_listen_unix(path, 0600, &err);
	must(server.listener >= 0 && fcntl(server.listener, F_SETFL, 0) == 0);
	must(pthread_create(&server.thread, NULL, server_main, &server) == 0);
	is(ask_server(client, a, path), "DUNNO", "an answer");
	is(ask_server(client, a, path), "DUNNO", "and another");
	ok(server.connections == 1, "over one connection");
	is(ask_server(client, a, path), "DUNNO", "a third");
	server.most = 1;
	is(ask_server(client, a, path), "DUNNO",
	    "a connection that has gone stale is no failure");
	server.answer = "nothing=much\n\n";
	is(ask_server(client, a, path), "(the answer has no action)",
	    "row 74: no action");
	server.answer = "action=OK";
	is(ask_server(client, a, path), "(the server has hung up)",
	    "row 74: half a line");
	for (unsigned i = 0; i < 2000; i++)
		buf_puts(&endless, "xxxxxxxxxx");
	server.answer = buf_str(&endless);
	is(ask_server(client, a, path), "(the answer is too long)",
	    "row 74: a line without end");
	ok(strstr(ask_server(client, a, "/nonexistent/socket"), "No such") !=
		NULL,
	    "nobody there");
	(void)shutdown(server.listener, SHUT_RDWR);
	policy_client_free(client);
	(void)pthread_join(server.thread, NULL);
	(void)close(server.listener);
	(void)unlink(path);
	buf_free(&endless);
	arena_free(a);
}

static void
test_policy_settings(void)
{
	struct arena *a = arena_new();
	struct err err = { 0 };
	const struct policy_service *s;

	s = policy_service_parse(
	    "{ inet:[::1]:10, timeout=10s, { default_action = 451 4.3.5 x } }",
	    a, &err);
	ok(s != NULL && s->timeout == 10 * CLOCK_SECOND, "a timeout");
	is(s->to.endpoint, "inet:[::1]:10", "the end point");
	is(s->default_action, "451 4.3.5 x", "a value with blanks");
	s = policy_service_parse("{ unix:x max_idle=2s, max_ttl = 3s "
				 "request_limit=0 try_limit=5 }",
	    a, &err);
	ok(s == NULL, "white space around '=' needs braces");
	s = policy_service_parse("{ unix:x max_idle=2s, { max_ttl = 3s } "
				 "request_limit=0 try_limit=5 }",
	    a, &err);
	ok(s != NULL && s->to.max_idle == 2 * CLOCK_SECOND &&
		s->to.max_ttl == 3 * CLOCK_SECOND && s->to.request_limit == 0 &&
		s->try_limit == 5,
	    "how long its connections are good for");
	ok(policy_service_parse("{ unix:x try_limit=0 }", a, &err) == NULL,
	    "it is asked once at least");
	ok(policy_service_parse("{ inet:h:1, timeuot=1s }", a, &err) == NULL,
	    "an unknown setting");
	is(err.text, "unknown attribute \"timeuot\"", "is named");
	ok(policy_service_parse("hash:x", a, &err) == NULL, "not a service");
	arena_free(a);
}

static void
try_peer(const char *zone, const char *addr, const char *name,
    enum subject_name status, const char *reverse)
{
	struct testworld world = testworld_new(zone);
	struct event_by by = { 0 };
	struct subject s = { .arena = arena_new(),
		.world = &world.world,
		.by = &by,
		.client_addr = addr };

	(void)net_parse(addr, &s.client);
	peer_find(&s);
	ok(s.name_status == status, "%s: status", addr);
	is(s.client_name, name, "%s: name", addr);
	is(s.reverse_name, reverse, "%s: reverse name", addr);
	arena_free(s.arena);
}

static void
test_peer(void)
{
	static const char zone[] = "1.2.0.192.in-addr.arpa PTR good.test\n"
				   "good.test A 192.0.2.1\n"
				   "2.2.0.192.in-addr.arpa PTR liar.test\n"
				   "liar.test A 192.0.2.1\n"
				   "3.2.0.192.in-addr.arpa SERVFAIL\n"
				   "4.2.0.192.in-addr.arpa PTR slow.test\n"
				   "slow.test SERVFAIL\n"
				   "5.2.0.192.in-addr.arpa PTR 192.0.2.1\n"
				   "6.2.0.192.in-addr.arpa PTR a%nb;c.test\n";

	try_peer(zone, "192.0.2.1", "good.test", SUBJECT_NAME_OK, "good.test");
	try_peer(
	    zone, "192.0.2.2", "unknown", SUBJECT_NAME_FORGED, "liar.test");
	try_peer(zone, "192.0.2.3", "unknown", SUBJECT_NAME_TEMP, "unknown");
	try_peer(zone, "192.0.2.4", "unknown", SUBJECT_NAME_TEMP, "slow.test");
	try_peer(zone, "192.0.2.5", "unknown", SUBJECT_NAME_PERM, "unknown");
	try_peer(zone, "192.0.2.6", "unknown", SUBJECT_NAME_PERM, "unknown");
	try_peer(zone, "192.0.2.7", "unknown", SUBJECT_NAME_PERM, "unknown");
}

static void
test_script(const char *dir)
{
	struct arena *a = arena_new();
	const char *path = arena_printf(a, "%s/world", dir), *text = "";
	struct dns_question q = { .name = "Alias.test", .type = DNS_A };
	struct err err = { 0 };
	struct world *world;
	FILE *f = fopen(path, "we");

	must(f != NULL);
	(void)fputs("# a world\nalias.test CNAME host.test.\n"
		    "host.test A 192.0.2.1\nprobe a@b bad nobody here\n"
		    "policy inet:h:1 REJECT no\n",
	    f);
	(void)fclose(f);
	world = script_open(path, &err);
	must(world != NULL);
	world_dns_all(world, a, &q, 1, 0);
	ok(q.answer.status == DNS_FOUND && q.answer.count == 1, "an alias");
	ok(world->ops->verify(world, a, "a@b", &text) == WORLD_PROBE_BAD,
	    "a probe");
	is(text, "nobody here", "its text");
	is(world->ops->policy(world, a,
	       &(struct world_service){ .endpoint = "inet:h:1" }, "", 0, &text),
	    "REJECT no", "a policy service");
	script_close(world);
	f = fopen(path, "we");
	must(f != NULL);
	(void)fputs("a.test A 192.0.2.1\na.test A nonsense\n", f);
	(void)fclose(f);
	ok(script_open(path, &err) == NULL &&
		strstr(err.text, "/world:2: ") != NULL,
	    "a mistake has its place");
	(void)unlink(path);
	arena_free(a);
}

int
main(void)
{
	char dir[] = "/tmp/weir-checks-XXXXXX";
	struct event_target target = { .name = "weir", .json_fd = -1 };

	must(mkdtemp(dir) != NULL);
	target.fd = memfd_create("log", MFD_CLOEXEC);
	event_open(&target);
	test_status_code();
	test_registry();
	test_cache();
	test_policy(dir);
	test_policy_settings();
	test_peer();
	test_script(dir);
	(void)rmdir(dir);
	return done_testing();
}

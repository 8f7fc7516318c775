/* The resolver, against nsd on loopback and against servers that are silent. */
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/dns.h"
#include "base/dns_hosts.h"
#include "base/dns_servers.h"
#include "base/err.h"
#include "base/jail.h"
#include "base/net.h"
#include "t/tap.h"

static char dir[] = "/tmp/weir-dns-XXXXXX";
static struct arena *arena;

static const char *
in_dir(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static int64_t
soon(int ms)
{
	return clock_mono() + ms * CLOCK_MS;
}

/* A UDP socket on a free port of loopback, below those that connections are
 * given. */
static int
udp_socket(unsigned *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 100; i++) {
		*port = 10000 + (unsigned)(getpid() * 7 + i * 13) % 9000;
		in.sin_port = htons((uint16_t)*port);
		if (bind(fd, (struct sockaddr *)&in, sizeof in) == 0)
			return fd;
	}
	abort();
}

static const char zone[] =
    "$ORIGIN example.weirz.\n"
    "$TTL 300\n"
    "@ SOA ns hostmaster 1 3600 600 86400 60\n"
    "@ NS ns\n"
    "@ MX 10 Mail\n"
    "@ MX 20 mail2\n"
    "@ TXT \"v=spf1 \" \"-all\"\n"
    "ns A 127.0.0.1\n"
    "mail A 192.0.2.1\n"
    "mail AAAA 2001:db8::1\n"
    "mail2 A 192.0.2.2\n"
    "alias CNAME mail\n"
    "null MX 0 .\n"
    "odd TXT \"a\\010b\\000c\\200\"\n"
    "badmx MX 1 a\\010b.example.weirz.\n"
    "badmx MX 2 mail\n"
    "worsemx MX 1 a\\032b.example.weirz.\n"
    "worsemx MX 1 -x.example.weirz.\n"
    "dotmx MX 1 a\\.b.example.weirz.\n"
    "quotemx MX 1 a\\\"%n\\;.example.weirz.\n"
    "numeric MX 1 192.0.2.9.\n"
    "badalias CNAME x\\010y.example.weirz.\n"
    "x\\010y A 192.0.2.3\n"
    "_25._tcp.mail TLSA 3 1 1 "
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
    "_smtp._tcp SRV 10 20 2525 Mail\n"
    "_alias._tcp CNAME _smtp._tcp\n"
    "_null._tcp SRV 0 0 0 .\n"
    "_bad._tcp SRV 0 0 25 a\\010b.example.weirz.\n"
    "_loop._tcp CNAME _pool._tcp\n"
    "_pool._tcp CNAME _loop._tcp\n"
    "*.wild A 127.0.0.2\n"
    "1.2.0.192.rev PTR Mail\n"
    "2.2.0.192.rev PTR evil\\010.example.weirz.\n";

static void
write_files(unsigned port)
{
	FILE *f = fopen(in_dir("zone"), "w");

	if (f == NULL)
		abort();
	(void)fputs(zone, f);
	for (int i = 0; i < 100; i++)
		(void)fprintf(f, "many.rev PTR host%d\n", i);
	(void)fclose(f);
	f = fopen(in_dir("nsd.conf"), "w");
	if (f == NULL)
		abort();
	(void)fprintf(f,
	    "server:\n ip-address: 127.0.0.1@%u\n username: \"\"\n"
	    " chroot: \"\"\n database: \"\"\n rrl-ratelimit: 0\n"
	    " zonesdir: \"%s\"\n pidfile: \"%s/pid\"\n"
	    " xfrdfile: \"%s/xfrd\"\n zonelistfile: \"%s/list\"\n"
	    " logfile: \"%s/log\"\n server-count: 1\n"
	    "remote-control:\n control-enable: no\n"
	    "zone:\n name: example.weirz\n zonefile: zone\n",
	    port, dir, dir, dir, dir, dir);
	(void)fclose(f);
	f = fopen(in_dir("hosts"), "w");
	if (f == NULL)
		abort();
	(void)fputs("127.0.0.1\tlocalhost localhost.localdomain # us\n"
		    "::1 localhost ip6-localhost\n"
		    "  192.0.2.77   Printer.example printer\n"
		    "192.0.2.77 other\n"
		    "192.0.2.78 bad..name fine\n"
		    "not-an-address x\n"
		    "# 192.0.2.79 commented\n",
	    f);
	(void)fclose(f);
}

static void
remove_files(void)
{
	static const char *const names[] = { "zone", "nsd.conf", "hosts", "pid",
		"xfrd", "list", "log", "resolv.conf" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlink(in_dir(names[i]));
	(void)rmdir(dir);
}

static pid_t
start_nsd(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl("/usr/sbin/nsd", "nsd", "-d", "-c",
		    in_dir("nsd.conf"), (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void
open_resolver(const char *servers)
{
	struct err err = { "" };
	const struct dns_settings settings = { .servers = servers };

	ok(dns_open(&settings, &err) == 0, "open: %s", err.text);
}

static struct dns_answer
ask(const char *name, enum dns_type type)
{
	struct dns_answer a;

	dns_ask(name, type, soon(30000), arena, &a);
	return a;
}

/* nsd answers a while after it was started; false: it never does. */
static bool
wait_for_nsd(const char *servers)
{
	struct dns_answer a = { .status = DNS_RETRY };

	for (int i = 0; i < 1000 && a.status != DNS_FOUND; i++) {
		const struct dns_settings settings = { .servers = servers };

		(void)usleep(20 * 1000);
		(void)dns_open(&settings, NULL);
		dns_ask("ns.example.weirz", DNS_A, soon(100), arena, &a);
		dns_close();
	}
	return a.status == DNS_FOUND;
}

static void
test_records(void)
{
	struct dns_answer a = ask("MAIL.Example.Weirz", DNS_A);

	ok(a.status == DNS_FOUND && a.count == 1 && a.ttl > 0 && a.ttl <= 300 &&
		memcmp(a.records[0].octets, "\xc0\0\2\1", 4) == 0,
	    "A");
	a = ask("mail.example.weirz", DNS_AAAA);
	ok(a.status == DNS_FOUND && a.records[0].octets[15] == 1, "AAAA");
	a = ask("example.weirz", DNS_MX);
	ok(a.status == DNS_FOUND && a.count == 2, "two MX");
	ok(a.records[0].preference + a.records[1].preference == 30,
	    "preferences");
	is(a.records[a.records[0].preference == 10 ? 0 : 1].name,
	    "mail.example.weirz", "a host in small letters");
	a = ask("example.weirz", DNS_TXT);
	is(a.records[0].name, "v=spf1 -all", "strings are joined");
	ok(a.records[0].nraw == 13, "the rdata");
	a = ask("example.weirz", DNS_NS);
	is(a.records[0].name, "ns.example.weirz", "NS");
	a = ask("1.2.0.192.rev.example.weirz", DNS_PTR);
	is(a.records[0].name, "mail.example.weirz", "PTR");
	a = ask("alias.example.weirz", DNS_A);
	ok(a.status == DNS_FOUND && a.count == 1, "through an alias");
	is(a.canon, "mail.example.weirz", "to its end");
	a = ask("alias.example.weirz", DNS_CNAME);
	is(a.records[0].name, "mail.example.weirz", "CNAME");
	a = ask("null.example.weirz", DNS_MX);
	ok(a.count == 1 && a.records[0].name[0] == '\0', "null MX");
	a = ask("_25._tcp.mail.example.weirz", DNS_TLSA);
	ok(a.status == DNS_FOUND && a.records[0].nraw == 35, "TLSA");
	a = ask("2.0.0.127.wild.example.weirz", DNS_A);
	ok(a.status == DNS_FOUND && a.records[0].octets[3] == 2, "a list");
	ok(!a.secure, "nothing is secure without a trust anchor");
}

static void
test_services(void)
{
	struct dns_answer a = ask("_smtp._tcp.example.weirz", DNS_SRV);

	ok(a.status == DNS_FOUND && a.count == 1 &&
		a.records[0].preference == 10 && a.records[0].weight == 20 &&
		a.records[0].port == 2525,
	    "SRV");
	is(a.records[0].name, "mail.example.weirz", "its host");
	a = ask("_alias._tcp.example.weirz", DNS_SRV);
	ok(a.status == DNS_FOUND && a.records[0].port == 2525,
	    "SRV through an alias");
	a = ask("_null._tcp.example.weirz", DNS_SRV);
	ok(a.count == 1 && a.records[0].name[0] == '\0', "null SRV");
	ok(ask("_bad._tcp.example.weirz", DNS_SRV).status == DNS_INVALID,
	    "a malformed SRV");
	ok(ask("_loop._tcp.example.weirz", DNS_SRV).status == DNS_RETRY,
	    "aliases in a circle are no answer");
}

/* hostile 63: the ways of not finding anything are told apart. */
static void
test_nothing(void)
{
	char long_name[300];

	ok(ask("mail.example.weirz", DNS_MX).status == DNS_NODATA, "NODATA");
	ok(ask("none.example.weirz", DNS_A).status == DNS_NXDOMAIN, "NXDOMAIN");
	ok(ask("elsewhere.weirz2", DNS_A).status == DNS_RETRY, "REFUSED");
	ok(ask("", DNS_A).status == DNS_NXDOMAIN, "no name");
	ok(ask("a b.example", DNS_A).status == DNS_NXDOMAIN, "a blank");
	ok(ask("a..example", DNS_A).status == DNS_NXDOMAIN, "an empty label");
	ok(ask("192.0.2.1", DNS_A).status == DNS_NXDOMAIN, "an address");
	memset(long_name, 'a', sizeof long_name);
	for (int i = 60; i < 299; i += 60)
		long_name[i] = '.';
	long_name[299] = '\0';
	ok(ask(long_name, DNS_A).status == DNS_NXDOMAIN, "too long");
	long_name[254] = '\0';
	ok(ask(long_name, DNS_A).status == DNS_NXDOMAIN, "a little too long");
}

/* hostile 64, 65: names that are none. */
static void
test_hostile(void)
{
	struct dns_answer a = ask("odd.example.weirz", DNS_TXT);

	is(a.records[0].name, "a b c ", "text is made printable");
	ok(a.records[0].nraw == 7 && a.records[0].raw[2] == '\n',
	    "the rdata is as it was");
	a = ask("badmx.example.weirz", DNS_MX);
	ok(a.status == DNS_FOUND && a.count == 1 &&
		a.records[0].preference == 2,
	    "a malformed record is left out");
	ok(ask("worsemx.example.weirz", DNS_MX).status == DNS_INVALID,
	    "nothing else is there");
	ok(ask("dotmx.example.weirz", DNS_MX).status == DNS_INVALID,
	    "a dot inside a label");
	ok(ask("quotemx.example.weirz", DNS_MX).status == DNS_INVALID,
	    "what shells and formats like");
	ok(ask("2.2.0.192.rev.example.weirz", DNS_PTR).status == DNS_INVALID,
	    "a PTR with a new line");
	a = ask("numeric.example.weirz", DNS_MX);
	is(a.records[0].name, "192.0.2.9", "an address as a host passes");
	ok(ask("badalias.example.weirz", DNS_A).status == DNS_INVALID,
	    "an alias to no host name");
	a = ask("many.rev.example.weirz", DNS_PTR);
	ok(a.status == DNS_FOUND && a.count == 10, "not all of 100 PTRs");
}

enum { ASKERS = 8, ROUNDS = 40 };

static void *
ask_often(void *arg)
{
	struct arena *mine = arena_new();
	int *wrong = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct dns_question q[5] = {
			{ .name = "mail.example.weirz", .type = DNS_A },
			{ .name = arena_printf(
			      mine, "a%d.wild.example.weirz", i % 7),
			    .type = DNS_A },
			{ .name = arena_printf(mine, "n%d.example.weirz", i),
			    .type = DNS_A },
			{ .name = "-", .type = DNS_A },
			{ .name = "example.weirz", .type = DNS_MX },
		};

		/* Some give up before or while the answer comes. */
		dns_ask_all(q, 5, soon(i % 4 == 3 ? 0 : 30000), mine);
		if (i % 4 != 3)
			*wrong += q[0].answer.count != 1 ||
			    q[1].answer.status != DNS_FOUND ||
			    q[2].answer.status != DNS_NXDOMAIN ||
			    q[4].answer.count != 2;
		*wrong += q[3].answer.status != DNS_NXDOMAIN;
		if (i % 4 == 2)
			dns_ask_all(q, 5, clock_mono() + 50000, mine);
	}
	arena_free(mine);
	return NULL;
}

static void
test_many_askers(void)
{
	pthread_t threads[ASKERS];
	int wrong[ASKERS] = { 0 }, sum = 0;

	for (int i = 0; i < ASKERS; i++)
		(void)pthread_create(&threads[i], NULL, ask_often, &wrong[i]);
	for (int i = 0; i < ASKERS; i++) {
		(void)pthread_join(threads[i], NULL);
		sum += wrong[i];
	}
	ok(sum == 0, "%d threads ask at once", ASKERS);
}

/* hostile 66: dead servers cost one deadline, not one each. */
static void
test_silence(const char *servers)
{
	struct dns_question q[120];
	int64_t start = clock_mono();
	int retry = 0;

	open_resolver(servers);
	for (int i = 0; i < 120; i++)
		q[i] = (struct dns_question){ .name = arena_printf(arena,
						  "a%d.example.weirz", i),
			.type = DNS_A };
	dns_ask_all(q, 120, soon(500), arena);
	for (int i = 0; i < 120; i++)
		retry += q[i].answer.status == DNS_RETRY;
	ok(retry == 120, "a silent server: could not ask");
	ok(clock_mono() - start < 30 * CLOCK_SECOND, "in time");
	dns_close();
}

/* A role asks from inside its jail, from its first question on. */
static void
test_jailed(const char *server)
{
	const char *const nothing[] = { NULL };
	const struct jail jail = { .kind = JAIL_NETWORK,
		.uid = 65534,
		.gid = 65534,
		.read = nothing,
		.write = nothing };
	const struct dns_settings settings = { .servers = server,
		.hosts = in_dir("hosts") };
	struct net_addr addr;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)net_parse("127.0.0.1", &addr);
		_exit(dns_open(&settings, NULL) != 0 ||
		    jail_enter(&jail, NULL) != 0 ||
		    ask("example.weirz", DNS_MX).count != 2 ||
		    !dns_hosts_has("localhost", &addr));
	}
	(void)waitpid(pid, &status, 0);
	ok(status == 0, "from inside a jail");
}

static void
test_settings(void)
{
	struct dns_servers servers;
	struct err err;
	FILE *f = fopen(in_dir("resolv.conf"), "w");

	ok(dns_servers_parse(
	       "127.0.0.1, [::1]@5353 192.0.2.1@53", &servers, &err) == 0 &&
		servers.count == 3,
	    "servers");
	is(servers.text[0], "127.0.0.1@53", "address");
	is(servers.text[1], "::1@5353", "address and port");
	ok(dns_servers_parse("localhost", &servers, &err) != 0, "%s", err.text);
	ok(dns_servers_parse("1.2.3.4@x", &servers, &err) != 0, "%s", err.text);
	ok(dns_servers_parse("1.2.3.4@0", &servers, &err) != 0, "%s", err.text);
	if (f == NULL)
		abort();
	(void)fputs("# nameserver 192.0.2.1\nsearch example\n"
		    "nameserver\t192.0.2.3\nnameserver fe80::1%eth0\n"
		    "nameserver 2001:db8::1 \n",
	    f);
	(void)fclose(f);
	dns_servers_system(in_dir("resolv.conf"), &servers);
	ok(servers.count == 2, "servers of the system");
	is(servers.text[0], "192.0.2.3@53", "the first");
	is(servers.text[1], "2001:db8::1@53", "the second");
	dns_servers_system("/no/such/file", &servers);
	is(servers.text[0], "127.0.0.1@53", "none is this machine");
}

static void
test_hosts(void)
{
	struct net_addr addr, found[4];

	dns_hosts_read(in_dir("hosts"));
	(void)net_parse("127.0.0.1", &addr);
	is(dns_hosts_name(&addr, arena), "localhost", "the name of an address");
	ok(dns_hosts_has("LocalHost", &addr) &&
		dns_hosts_has("localhost.localdomain", &addr) &&
		!dns_hosts_has("printer", &addr),
	    "addresses of names");
	(void)net_parse("::1", &addr);
	ok(dns_hosts_has("localhost", &addr), "in both families");
	ok(dns_hosts_addrs("localhost", found, 4) == 2 &&
		dns_hosts_addrs("localhost", found, 1) == 1 &&
		dns_hosts_addrs("commented", found, 4) == 0,
	    "all of them");
	(void)net_parse("192.0.2.77", &addr);
	is(dns_hosts_name(&addr, arena), "Printer.example",
	    "the first name counts");
	(void)net_parse("192.0.2.78", &addr);
	is(dns_hosts_name(&addr, arena), "fine", "a bad name does not");
	(void)net_parse("192.0.2.79", &addr);
	ok(dns_hosts_name(&addr, arena) == NULL, "nobody");
	dns_hosts_forget();
	ok(dns_hosts_name(&addr, arena) == NULL, "forgotten");
}

static void
test_reverse(void)
{
	struct net_addr addr;
	char name[80];

	(void)net_parse("192.0.2.1", &addr);
	dns_reverse(&addr, name);
	is(name, "1.2.0.192.in-addr.arpa", "IPv4");
	(void)net_parse("2001:db8::1f", &addr);
	dns_reverse(&addr, name);
	is(name,
	    "f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	    "ip6.arpa",
	    "IPv6");
}

/* The valid_hostname cases of the conformance set: lines of
 * "name": {"hostname_ok": bool, ...}. */
static void
test_conformance(void)
{
	const char *shared = getenv("WEIR_SHARED");
	const char *path = arena_printf(arena, "%s/conformance/unit_cases.json",
	    shared != NULL ? shared : "../shared");
	FILE *f = fopen(path, "r");
	static char all[4 << 20];
	char *p, *end, *name;
	int cases = 0;

	if (f == NULL) {
		ok(true, "# SKIP 61 cases: no %s", path);
		return;
	}
	all[fread(all, 1, sizeof all - 1, f)] = '\0';
	(void)fclose(f);
	p = strstr(all, "\"valid_hostname\":");
	end = strstr(all, "\"valid_hostname\":");
	if (p != NULL)
		p = strchr(p, '{');
	while (p != NULL && (p = strchr(p + 1, '"')) != NULL) {
		name = ++p;
		p = strchr(p, '"');
		end = p != NULL ? strstr(p, "\"hostname_ok\":") : NULL;
		if (end == NULL)
			break;
		*p = '\0';
		end += strlen("\"hostname_ok\":");
		end += strspn(end, " ");
		/* "*." is for questions, which dns_ask() allows. */
		ok(dns_valid_hostname(
		       strncmp(name, "*.", 2) == 0 ? name + 2 : name, false) ==
			(*end == 't'),
		    "valid hostname \"%s\"", name);
		cases++;
		p = strchr(end, '}');
	}
	ok(cases == 61, "%d cases", cases);
}

static void
test_valid(void)
{
	ok(dns_valid_hostname("192.0.2.1", true) &&
		!dns_valid_hostname("192.0.2.1", false) &&
		dns_valid_hostname("a_b.example", false) &&
		!dns_valid_hostname("*.example", false) &&
		!dns_valid_hostname("example.", false) &&
		!dns_valid_hostname("ex\xc3\xa4mple", false),
	    "host names");
}

int
main(void)
{
	const char *server;
	unsigned port, silent_port;
	int silent = udp_socket(&silent_port), fd;
	pid_t nsd;

	arena = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	fd = udp_socket(&port);
	write_files(port);
	(void)close(fd);
	nsd = start_nsd();
	server = arena_printf(arena, "127.0.0.1@%u", port);
	if (wait_for_nsd(server)) {
		test_jailed(server);
		open_resolver(server);
		test_records();
		test_services();
		test_nothing();
		test_hostile();
		test_many_askers();
		dns_close();
	} else {
		ok(access("/usr/sbin/nsd", X_OK) != 0, "# SKIP no nsd");
	}
	(void)kill(nsd, SIGTERM);
	(void)waitpid(nsd, NULL, 0);
	test_silence(arena_printf(arena, "127.0.0.1@%u", silent_port));
	test_settings();
	test_hosts();
	test_reverse();
	test_valid();
	test_conformance();
	(void)close(silent);
	remove_files();
	arena_free(arena);
	return done_testing();
}

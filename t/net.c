/* Addresses, blocks of them, listening sockets. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/net.h"
#include "t/tap.h"

static void
test_parse(void)
{
	/* clang-format off */
	static const struct { const char *in, *out; } cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "[192.0.2.1]", "192.0.2.1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
		{ "[IPv6:::1]", "::1" },
		{ "[ipv6:2001:db8::]", "2001:db8::" },
		{ "[::1]", "::1" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "::FFFF:c000:0207", "192.0.2.7" },
		{ "", NULL }, { "[]", NULL }, { "[", NULL }, { "[1.2.3.4", NULL },
		{ "1.2.3", NULL }, { "1.2.3.4.5", NULL }, { "256.1.1.1", NULL },
		{ "01.2.3.4", NULL }, { "IPv6:::1", NULL }, { ":::", NULL },
		{ "[IPv6:1.2.3.4]", NULL }, { "fe80::1%lo", NULL },
		{ "1.2.3.4 ", NULL }, { "g::", NULL },
		{ "[111111111111111111111111111111111111111111111111111111111]",
		    NULL },
	};
	/* clang-format on */
	struct net_addr addr;
	char text[NET_TEXT];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool good = net_parse(cases[i].in, &addr);

		ok(good == (cases[i].out != NULL), "parse %s", cases[i].in);
		if (good && cases[i].out != NULL)
			is(net_print(&addr, text), cases[i].out, "print %s",
			    cases[i].in);
	}
	addr.family = NET_NONE;
	is(net_print(&addr, text), "unknown", "no address");
}

/* The complaints are those of Postfix's cidr: tables. */
static void
test_block_syntax(void)
{
	/* clang-format off */
	static const struct { const char *in, *why; } cases[] = {
		{ "1.2.3.4", NULL }, { "1.2.3.0/24", NULL }, { "::/0", NULL },
		{ "[1.2.3.0]/24", NULL }, { "[1.2.3.0/24]", NULL },
		{ "[::1]", NULL }, { "0.0.0.0/0", NULL },
		{ "1.2.3.4/24", "non-null host address bits in "
		    "\"1.2.3.4/24\", perhaps you should use \"1.2.3.0/24\" "
		    "instead" },
		{ "2001:DB8::1/64", "non-null host address bits in "
		    "\"2001:DB8::1/64\", perhaps you should use "
		    "\"2001:db8::/64\" instead" },
		{ "1.2.3.4/33", "bad mask length in \"1.2.3.4/33\"" },
		{ "::/129", "bad mask length in \"::/129\"" },
		{ "::/99999999999999999999",
		    "bad mask length in \"::/99999999999999999999\"" },
		{ "1.2.3.4/", "bad mask value in \"1.2.3.4/\"" },
		{ "1.2.3.4/a", "bad mask value in \"1.2.3.4/a\"" },
		{ "1.2.3/24", "bad network value in \"1.2.3/24\"" },
		{ "1.2.3.4x", "bad address pattern: \"1.2.3.4x\"" },
		{ "[1.2.3.4/32", "missing ']' character after "
		    "\"[1.2.3.4/32\"" },
		{ "[1.2.3.4]x", "garbage after \"[1.2.3.4]\"" },
	};
	/* clang-format on */
	struct net_block block;
	struct err err;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool good = net_block_parse(cases[i].in, &block, &err);

		ok(good == (cases[i].why == NULL), "block %s", cases[i].in);
		if (!good && cases[i].why != NULL)
			is(err.text, cases[i].why, "%s", cases[i].why);
	}
}

static void
test_block_has(void)
{
	/* clang-format off */
	static const struct { const char *block, *addr; bool has; } cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.1.2.128/25", "10.1.2.200", true },
		{ "10.1.2.128/25", "10.1.2.127", false },
		{ "1.2.3.4", "1.2.3.4", true }, { "1.2.3.4", "1.2.3.5", false },
		{ "0.0.0.0/0", "255.1.1.1", true },
		{ "0.0.0.0/0", "::1", false }, { "::/0", "1.2.3.4", false },
		{ "::/0", "fe80::1", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::ffff:1.2.3.0/120", "1.2.3.9", true },
		{ "1.2.3.0/24", "::ffff:1.2.3.9", true },
	};
	/* clang-format on */
	struct net_block block;
	struct net_addr addr;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(net_block_parse(cases[i].block, &block, NULL) &&
			net_parse(cases[i].addr, &addr) &&
			net_block_has(&block, &addr) == cases[i].has,
		    "%s has %s: %d", cases[i].block, cases[i].addr,
		    cases[i].has);
	addr.family = NET_NONE;
	ok(!net_block_has(&block, &addr), "no block has no address");
}

static void
test_network(void)
{
	char text[NET_TEXT];
	struct net_addr addr, net;

	(void)net_parse("192.0.2.255", &addr);
	net = net_network(&addr, 25);
	is(net_print(&net, text), "192.0.2.128", "IPv4/25");
	net = net_network(&addr, 0);
	is(net_print(&net, text), "0.0.0.0", "IPv4/0");
	(void)net_parse("2001:db8:1:ffff::1", &addr);
	net = net_network(&addr, 52);
	is(net_print(&net, text), "2001:db8:1:f000::", "IPv6/52");
	net = net_network(&addr, 128);
	ok(net_equal(&net, &addr), "IPv6/128");
}

static void
test_own(void)
{
	struct net_block blocks[64];
	struct net_addr addr;
	int n, hits = 0;

	(void)net_parse("127.200.0.1", &addr);
	n = net_own_blocks("subnet", blocks, 64);
	for (int i = 0; i < n; i++)
		hits += net_block_has(&blocks[i], &addr);
	ok(hits == 1, "the loop's subnet is one of ours, once");
	n = net_own_blocks("host", blocks, 64);
	hits = 0;
	for (int i = 0; i < n; i++)
		hits += net_block_has(&blocks[i], &addr);
	ok(n > 0 && hits == 0, "as a host it is one address");
	ok(net_own_blocks("host", blocks, 1) == 1, "room is respected");
}

static void
test_listen(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct net_addr addr, here;
	struct err err;
	char port_text[8];
	unsigned port;
	int fd, again, client;

	fd = net_listen("127.0.0.1", "0", 5, true, &err);
	ok(fd >= 0, "listen on loopback");
	(void)getsockname(fd, (struct sockaddr *)&ss, &len);
	(void)net_parse("127.0.0.1", &here);
	ok(net_from_socket((struct sockaddr *)&ss, &addr, &port) &&
		net_equal(&addr, &here) && port != 0,
	    "the address comes back");
	(void)snprintf(port_text, sizeof port_text, "%u", port);
	again = net_listen("127.0.0.1", port_text, 5, true, &err);
	ok(again >= 0, "several loops share a port");
	(void)close(again);
	ok(net_listen("127.0.0.1", port_text, 5, false, &err) < 0 &&
		strstr(err.text, "Address already in use") != NULL,
	    "a taken port says so: %s", err.text);
	len = net_to_socket(&addr, port, &ss);
	client = socket(AF_INET, SOCK_STREAM, 0);
	ok(connect(client, (struct sockaddr *)&ss, len) == 0, "connect");
	(void)close(client);
	(void)close(fd);
	ok(net_listen("no.such.host.invalid", "1", 5, false, &err) < 0,
	    "an unknown host: %s", err.text);
}

static void
test_dual(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct net_addr addr;
	unsigned port;
	int fd = net_listen(NULL, "0", 5, false, NULL), client;

	ok(fd >= 0, "listen everywhere");
	(void)getsockname(fd, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &port);
	(void)net_parse("127.0.0.1", &addr);
	len = net_to_socket(&addr, port, &ss);
	client = socket(AF_INET, SOCK_STREAM, 0);
	ok(connect(client, (struct sockaddr *)&ss, len) == 0,
	    "an IPv4 client gets in");
	(void)close(client);
	len = sizeof ss;
	client = accept(fd, (struct sockaddr *)&ss, &len);
	ok(client >= 0 && net_from_socket((struct sockaddr *)&ss, &addr, &port),
	    "accepted");
	ok(addr.family == NET_IPV4, "and is seen as IPv4");
	(void)close(client);
	(void)close(fd);
}

static void
test_unix(void)
{
	char dir[] = "/tmp/weir-net-XXXXXX", path[64], file[64];
	struct stat st;
	struct err err;
	int fd;

	if (mkdtemp(dir) == NULL) {
		ok(false, "a temporary directory");
		return;
	}
	(void)snprintf(path, sizeof path, "%s/sock", dir);
	(void)snprintf(file, sizeof file, "%s/none/sock", dir);
	fd = net_listen_unix(path, 0660, &err);
	ok(fd >= 0 && stat(path, &st) == 0 && (st.st_mode & 07777) == 0660,
	    "a socket with its mode");
	ok(net_listen_unix(path, 0660, &err) < 0, "in use: %s", err.text);
	(void)close(fd);
	fd = net_listen_unix(path, 0600, &err);
	ok(fd >= 0, "a stale one is replaced");
	ok(net_listen_unix(file, 0600, &err) < 0, "no directory: %s", err.text);
	(void)close(fd);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
test_port(void)
{
	unsigned port = 0;

	ok(net_port("25", &port) && port == 25, "a number");
	ok(net_port("smtp", &port) && port == 25, "a name");
	ok(net_port("lmtp", &port) && port == 24,
	    "one that /etc/services may not have");
	ok(!net_port("0", &port) && !net_port("65536", &port) &&
		!net_port("25x", &port) && !net_port("no-such", &port) &&
		!net_port("", &port),
	    "no ports");
}

int
main(void)
{
	test_parse();
	test_block_syntax();
	test_block_has();
	test_network();
	test_own();
	test_listen();
	test_dual();
	test_unix();
	test_port();
	return done_testing();
}

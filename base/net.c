/* net.c - see net.h. */
#include "base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"

enum { V4_OCTETS = 4, V6_OCTETS = 16, MAPPED_BITS = 96, AWAIT_MS = 20 };

static const unsigned char mapped[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };

/* An IPv6 address that stands for an IPv4 one is that one. */
static void
set_v6(struct net_addr *addr, const void *octets)
{
	*addr = (struct net_addr){ .family = NET_IPV6 };
	memcpy(addr->octets, octets, V6_OCTETS);
	if (memcmp(addr->octets, mapped, sizeof mapped) != 0)
		return;
	addr->family = NET_IPV4;
	memcpy(addr->octets, addr->octets + sizeof mapped, V4_OCTETS);
	memset(addr->octets + V4_OCTETS, 0, V6_OCTETS - V4_OCTETS);
}

static bool
parse_plain(const char *text, struct net_addr *addr)
{
	unsigned char octets[V6_OCTETS];

	if (inet_pton(AF_INET, text, octets) == 1) {
		*addr = (struct net_addr){ .family = NET_IPV4 };
		memcpy(addr->octets, octets, V4_OCTETS);
		return true;
	}
	if (inet_pton(AF_INET6, text, octets) != 1)
		return false;
	set_v6(addr, octets);
	return true;
}

bool
net_parse(const char *text, struct net_addr *addr)
{
	char inner[NET_TEXT + 8];
	size_t n = strlen(text);
	bool tagged;

	if (text[0] != '[')
		return parse_plain(text, addr);
	if (n < 2 || n > sizeof inner || text[n - 1] != ']')
		return false;
	memcpy(inner, text + 1, n - 2);
	inner[n - 2] = '\0';
	tagged = strncasecmp(inner, "IPv6:", 5) == 0;
	if (tagged && strchr(inner + 5, ':') == NULL)
		return false;
	return parse_plain(tagged ? inner + 5 : inner, addr);
}

const char *
net_print(const struct net_addr *addr, char text[NET_TEXT])
{
	int family = addr->family == NET_IPV4 ? AF_INET : AF_INET6;

	if ((addr->family != NET_IPV4 && addr->family != NET_IPV6) ||
	    inet_ntop(family, addr->octets, text, NET_TEXT) == NULL)
		memcpy(text, "unknown", sizeof "unknown");
	return text;
}

bool
net_equal(const struct net_addr *a, const struct net_addr *b)
{
	size_t n = a->family == NET_IPV4 ? V4_OCTETS
	    : a->family == NET_IPV6      ? V6_OCTETS
					 : 0;

	return a->family == b->family && memcmp(a->octets, b->octets, n) == 0;
}

/* Clear what stands behind the first ${bits}; say whether anything did. */
static bool
mask(unsigned char octets[V6_OCTETS], unsigned bits)
{
	bool changed = false;

	for (unsigned i = 0; i < V6_OCTETS; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
		unsigned m = keep >= 8 ? 0xff : (0xff00U >> keep) & 0xff;

		changed = changed || (octets[i] & ~m) != 0;
		octets[i] &= (unsigned char)m;
	}
	return changed;
}

struct net_addr
net_network(const struct net_addr *addr, unsigned bits)
{
	struct net_addr net = *addr;

	(void)mask(net.octets, bits);
	return net;
}

/* "[addr]/bits", "[addr/bits]" and "[addr]" without the brackets. */
static bool
strip_brackets(char *text, struct err *err)
{
	char *end;

	if (text[0] != '[')
		return true;
	end = strchr(text, ']');
	if (end == NULL) {
		err_set(err, "missing ']' character after \"%s\"", text);
		return false;
	}
	if (end[1] != '\0' && end[1] != '/') {
		end[1] = '\0';
		err_set(err, "garbage after \"%s\"", text);
		return false;
	}
	memmove(end, end + 1, strlen(end));
	memmove(text, text + 1, strlen(text));
	return true;
}

/* ${digits}: what follows the slash of ${text}. */
static bool
parse_bits(const char *text, const char *digits, unsigned most, unsigned *bits,
    struct err *err)
{
	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
		err_set(err, "bad mask value in \"%s\"", text);
		return false;
	}
	*bits =
	    strlen(digits) > 6 ? most + 1 : (unsigned)strtoul(digits, NULL, 10);
	if (*bits > most) {
		err_set(err, "bad mask length in \"%s\"", text);
		return false;
	}
	return true;
}

bool
net_block_parse(const char *text, struct net_block *block, struct err *err)
{
	char copy[128], clean[NET_TEXT], *slash;
	unsigned char net[V6_OCTETS] = { 0 };
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	unsigned bits = family == AF_INET6 ? 128 : 32;

	if (strlen(text) >= sizeof copy) {
		err_set(err, "bad address pattern: \"%.64s...\"", text);
		return false;
	}
	memcpy(copy, text, strlen(text) + 1);
	if (!strip_brackets(copy, err))
		return false;
	slash = strchr(copy, '/');
	if (slash != NULL) {
		if (!parse_bits(copy, slash + 1, bits, &bits, err))
			return false;
		*slash = '\0';
	}
	if (inet_pton(family, copy, net) != 1) {
		if (slash != NULL)
			err_set(err, "bad network value in \"%s/%s\"", copy,
			    slash + 1);
		else
			err_set(err, "bad address pattern: \"%s\"", copy);
		return false;
	}
	if (mask(net, bits)) {
		(void)inet_ntop(family, net, clean, sizeof clean);
		err_set(err,
		    "non-null host address bits in \"%s/%s\", perhaps you "
		    "should use \"%s/%u\" instead",
		    copy, slash + 1, clean, bits);
		return false;
	}
	block->bits = bits;
	if (family == AF_INET) {
		block->addr = (struct net_addr){ .family = NET_IPV4 };
		memcpy(block->addr.octets, net, V4_OCTETS);
		return true;
	}
	block->addr = (struct net_addr){ .family = NET_IPV6 };
	memcpy(block->addr.octets, net, V6_OCTETS);
	if (bits >= MAPPED_BITS) {
		set_v6(&block->addr, net);
		if (block->addr.family == NET_IPV4)
			block->bits -= MAPPED_BITS;
	}
	return true;
}

bool
net_block_has(const struct net_block *block, const struct net_addr *addr)
{
	unsigned whole = block->bits / 8, rest = block->bits % 8;

	if (block->addr.family != addr->family ||
	    (addr->family != NET_IPV4 && addr->family != NET_IPV6) ||
	    memcmp(block->addr.octets, addr->octets, whole) != 0)
		return false;
	return rest == 0 ||
	    ((block->addr.octets[whole] ^ addr->octets[whole]) &
		(0xff00U >> rest) & 0xff) == 0;
}

bool
net_from_socket(
    const struct sockaddr *sa, struct net_addr *addr, unsigned *port)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*addr = (struct net_addr){ .family = NET_NONE };
	*port = 0;
	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof in);
		addr->family = NET_IPV4;
		memcpy(addr->octets, &in.sin_addr, V4_OCTETS);
		*port = ntohs(in.sin_port);
		return true;
	case AF_INET6:
		memcpy(&in6, sa, sizeof in6);
		set_v6(addr, &in6.sin6_addr);
		*port = ntohs(in6.sin6_port);
		return true;
	case AF_UNIX:
		addr->family = NET_UNIX;
		return true;
	default:
		return false;
	}
}

socklen_t
net_to_socket(
    const struct net_addr *addr, unsigned port, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	must(addr->family == NET_IPV4 || addr->family == NET_IPV6);
	memset(ss, 0, sizeof *ss);
	if (addr->family == NET_IPV4) {
		in.sin_port = htons((uint16_t)port);
		memcpy(&in.sin_addr, addr->octets, V4_OCTETS);
		memcpy(ss, &in, sizeof in);
		return sizeof in;
	}
	in6.sin6_port = htons((uint16_t)port);
	memcpy(&in6.sin6_addr, addr->octets, V6_OCTETS);
	memcpy(ss, &in6, sizeof in6);
	return sizeof in6;
}

static unsigned
count_bits(const struct sockaddr *netmask, enum net_family family)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	const unsigned char *p;
	unsigned bits = 0, most = family == NET_IPV4 ? 32 : 128;

	if (netmask == NULL)
		return most;
	if (family == NET_IPV4) {
		memcpy(&in, netmask, sizeof in);
		p = (const unsigned char *)&in.sin_addr;
	} else {
		memcpy(&in6, netmask, sizeof in6);
		p = (const unsigned char *)&in6.sin6_addr;
	}
	while (bits < most && (p[bits / 8] >> (7 - bits % 8) & 1) != 0)
		bits++;
	return bits;
}

/* The bits of the old class A, B, C or D network that ${addr} is in. */
static unsigned
class_bits(const struct net_addr *addr)
{
	unsigned first = addr->octets[0];

	return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : 4;
}

int
net_own_blocks(const char *style, struct net_block *blocks, int most)
{
	struct ifaddrs *all;
	int n = 0;

	if (getifaddrs(&all) != 0)
		return 0;
	for (struct ifaddrs *i = all; i != NULL && n < most; i = i->ifa_next) {
		struct net_block b;
		unsigned port;
		int same = 0;

		if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 ||
		    !net_from_socket(i->ifa_addr, &b.addr, &port) ||
		    b.addr.family == NET_UNIX)
			continue;
		b.bits = count_bits(
		    strcmp(style, "subnet") == 0 || strcmp(style, "class") == 0
			? i->ifa_netmask
			: NULL,
		    b.addr.family);
		if (strcmp(style, "class") == 0 && b.addr.family == NET_IPV4)
			b.bits = class_bits(&b.addr);
		(void)mask(b.addr.octets, b.bits);
		while (same < n &&
		    (blocks[same].bits != b.bits ||
			!net_equal(&blocks[same].addr, &b.addr)))
			same++;
		if (same == n)
			blocks[n++] = b;
	}
	freeifaddrs(all);
	return n;
}

static int
set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

/* A socket that listens at ${ai}, or -1 and errno. */
static int
listen_at(const struct addrinfo *ai, int backlog, bool reuse, bool dual)
{
	int fd = socket(
	    ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0)
		return -1;
	if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
	    (!reuse || set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0) &&
	    (ai->ai_family != AF_INET6 ||
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !dual) == 0) &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, backlog) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

int
net_listen(const char *host, const char *port, int backlog, bool reuse,
    struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE };
	struct addrinfo *found, *ai;
	unsigned number;
	int fd, rc;

	/* The library takes 99999 for 34463. */
	if (strcmp(port, "0") != 0 && !net_port(port, &number)) {
		err_set(
		    err, "%s:%s: not a port", host != NULL ? host : "*", port);
		return -1;
	}
	/* Without a host, one IPv6 socket takes IPv4 clients too, where the
	 * kernel has IPv6 at all. */
	if (host == NULL)
		hints.ai_family = AF_INET6;
	rc = getaddrinfo(host, port, &hints, &found);
	if (rc != 0) {
		err_set(err, "%s:%s: %s", host != NULL ? host : "*", port,
		    gai_strerror(rc));
		return -1;
	}
	for (ai = found, fd = -1; ai != NULL && fd < 0; ai = ai->ai_next)
		fd = listen_at(ai, backlog, reuse, host == NULL);
	rc = errno;
	freeaddrinfo(found);
	if (fd < 0 && host == NULL && rc == EAFNOSUPPORT)
		return net_listen("0.0.0.0", port, backlog, reuse, err);
	if (fd < 0)
		err_set(err, "bind %s port %s: %s", host != NULL ? host : "*",
		    port, err_errno(rc));
	return fd;
}

/* Whether somebody still accepts connections at ${sun}. */
static bool
in_use(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused;

	if (fd < 0)
		return true;
	refused = connect(fd, (const struct sockaddr *)sun, sizeof *sun) != 0 &&
	    errno == ECONNREFUSED;
	(void)close(fd);
	return !refused;
}

int
net_listen_unix(const char *path, unsigned mode, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct sockaddr *sa = (const struct sockaddr *)&sun;
	int fd, rc;

	if (strlen(path) >= sizeof sun.sun_path) {
		err_set(err, "%s: the path is too long for a socket", path);
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The mode of the descriptor bounds that of the name from its first
	 * moment; chmod() takes back what the umask took away. */
	if (fd < 0 || fchmod(fd, mode) != 0)
		goto fail;
	rc = bind(fd, sa, sizeof sun);
	if (rc != 0 && errno == EADDRINUSE && !in_use(&sun)) {
		(void)unlink(path);
		rc = bind(fd, sa, sizeof sun);
	}
	if (rc == 0 && chmod(path, mode) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
fail:
	err_set(err, "%s: %s", path, err_errno(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

void
net_await_unix(const char *path, int64_t patience)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int64_t until = clock_mono() + patience;

	if (strlen(path) >= sizeof sun.sun_path)
		return;
	memcpy(sun.sun_path, path, strlen(path));
	while (access(path, F_OK) == 0 && in_use(&sun) && clock_mono() < until)
		(void)poll(NULL, 0, AWAIT_MS);
}

int
net_bindable(const struct net_addr *addr, struct err *err)
{
	struct sockaddr_storage ss;
	socklen_t len = net_to_socket(addr, 0, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = -1;

	if (fd >= 0)
		rc = bind(fd, (struct sockaddr *)&ss, len);
	if (rc != 0)
		err_set(err, "%s", err_errno(errno));
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* Known as to Postfix, if services(5) does not say, or cannot be read now. */
static bool
mail_port(const char *name, unsigned *port)
{
	static const struct {
		const char *name;
		unsigned port;
	} known[] = { { "lmtp", 24 }, { "smtp", 25 }, { "smtps", 465 },
		{ "submissions", 465 }, { "submission", 587 } };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(known[i].name, name) != 0)
			continue;
		*port = known[i].port;
		return true;
	}
	return false;
}

bool
net_port(const char *text, unsigned *port)
{
	struct servent entry, *found = NULL;
	unsigned long n;
	char memory[1024], *end;

	if (text[0] >= '0' && text[0] <= '9') {
		n = strtoul(text, &end, 10);
		if (*end != '\0' || n < 1 || n > 65535)
			return false;
		*port = (unsigned)n;
		return true;
	}
	if (getservbyname_r(
		text, "tcp", &entry, memory, sizeof memory, &found) != 0 ||
	    found == NULL)
		return mail_port(text, port);
	*port = ntohs((uint16_t)entry.s_port);
	return true;
}

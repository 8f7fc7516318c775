/* upstream_header.c - see upstream_header.h. */
#include "proxy/upstream_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/fatal.h"

enum {
	SIGNATURE = 12, /* octets; and the least that version 1 has */
	FIXED = 16,     /* of version 2: with command, family and length */
	WORD_MOST = 64,
};

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

static enum upstream_header_status
bad(struct upstream_header *h, const char *why)
{
	h->why = why;
	return UPSTREAM_HEADER_BAD;
}

static bool
separates(char c)
{
	return c == ' ' || c == '\r' || c == '\n';
}

/* The next word of a line; "" at its end, or if it is too long for any. */
static void
take_word(const char **line, const char *end, char word[WORD_MOST])
{
	const char *p = *line;
	size_t n = 0;

	while (p < end && separates(*p))
		p++;
	while (p + n < end && !separates(p[n]))
		n++;
	*line = p + n;
	if (n >= WORD_MOST || memchr(p, '\0', n) != NULL)
		n = 0;
	memcpy(word, p, n);
	word[n] = '\0';
}

static bool
take_addr(const char **line, const char *end, bool ipv6, struct net_addr *addr)
{
	char word[WORD_MOST];

	take_word(line, end, word);
	return word[0] != '[' && (strchr(word, ':') != NULL) == ipv6 &&
	    net_parse(word, addr);
}

static bool
take_port(const char **line, const char *end, unsigned *port)
{
	char word[WORD_MOST];
	unsigned n = 0;

	take_word(line, end, word);
	if (word[0] == '\0' || (word[0] == '0' && word[1] != '\0'))
		return false;
	for (const char *p = word; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return false;
		n = n * 10 + (unsigned)(*p - '0');
		if (n > 65535)
			return false;
	}
	*port = n;
	return true;
}

/* "PROXY TCP4 client server client-port server-port" */
static enum upstream_header_status
parse_line(const char *line, size_t n, struct upstream_header *h)
{
	const char *end = line + n;
	char word[WORD_MOST];
	bool ipv6;

	if (n < SIGNATURE)
		return bad(h, "short protocol header");
	take_word(&line, end, word);
	if (strcmp(word, "PROXY") != 0)
		return bad(h, "unrecognized protocol header");
	take_word(&line, end, word);
	ipv6 = strcasecmp(word, "TCP6") == 0;
	if (!ipv6 && strcasecmp(word, "TCP4") != 0)
		return bad(h, "bad or missing protocol type");
	if (!take_addr(&line, end, ipv6, &h->client))
		return bad(h, "bad or missing client address");
	if (!take_addr(&line, end, ipv6, &h->server))
		return bad(h, "bad or missing server address");
	if (!take_port(&line, end, &h->client_port))
		return bad(h, "bad or missing client port");
	if (!take_port(&line, end, &h->server_port))
		return bad(h, "bad or missing server port");
	h->used = n;
	return UPSTREAM_HEADER_DONE;
}

static unsigned
number(const char *p)
{
	return (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

static void
take_v4(const char *p, struct net_addr *addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	unsigned port;

	memcpy(&in.sin_addr, p, sizeof in.sin_addr);
	must(net_from_socket((struct sockaddr *)&in, addr, &port));
}

static void
take_v6(const char *p, struct net_addr *addr)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	unsigned port;

	memcpy(&in6.sin6_addr, p, sizeof in6.sin6_addr);
	must(net_from_socket((struct sockaddr *)&in6, addr, &port));
}

/* Two addresses and two ports. */
static enum upstream_header_status
parse_block(const char *block, size_t n, unsigned char family,
    struct upstream_header *h)
{
	size_t each = family == 0x11 ? 4 : 16;

	if (family != 0x11 && family != 0x21)
		return bad(h, "unsupported network protocol");
	if (n < 2 * each + 4)
		return bad(h, "short address field");
	if (each == 4) {
		take_v4(block, &h->client);
		take_v4(block + each, &h->server);
	} else {
		take_v6(block, &h->client);
		take_v6(block + each, &h->server);
	}
	h->client_port = number(block + 2 * each);
	h->server_port = number(block + 2 * each + 2);
	return UPSTREAM_HEADER_DONE;
}

static enum upstream_header_status
parse_binary(const char *data, size_t n, struct upstream_header *h)
{
	unsigned char command = (unsigned char)data[SIGNATURE];
	size_t length = number(data + SIGNATURE + 2);

	if (command >> 4 != 2)
		return bad(h, "unrecognized protocol version");
	if (length > UPSTREAM_HEADER_MOST - FIXED)
		return bad(h, "short version 2 protocol header");
	if ((command & 0xf) > 1)
		return bad(h, "bad command in proxy header");
	if (n < FIXED + length)
		return UPSTREAM_HEADER_MORE;
	h->used = FIXED + length;
	h->local = (command & 0xf) == 0;
	if (h->local)
		return UPSTREAM_HEADER_DONE;
	return parse_block(
	    data + FIXED, length, (unsigned char)data[SIGNATURE + 1], h);
}

enum upstream_header_status
upstream_header_parse(const char *data, size_t n, struct upstream_header *h)
{
	const char *lf;

	*h = (struct upstream_header){ 0 };
	if (n > UPSTREAM_HEADER_MOST)
		n = UPSTREAM_HEADER_MOST;
	if (memcmp(data, signature, n < SIGNATURE ? n : SIGNATURE) == 0)
		return n < FIXED ? UPSTREAM_HEADER_MORE
				 : parse_binary(data, n, h);
	lf = memchr(data, '\n', n);
	if (lf != NULL)
		return parse_line(data, (size_t)(lf + 1 - data), h);
	if (n == UPSTREAM_HEADER_MOST)
		return bad(h, "missing protocol header terminator");
	return UPSTREAM_HEADER_MORE;
}

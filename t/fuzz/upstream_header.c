/* The header of a proxy: nothing that is a part of a good one is wrong, nothing
 * behind it matters, and what version 1 says is what was printed. */
#include "proxy/upstream_header.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_same(const struct upstream_header *a, const struct upstream_header *b)
{
	if (!net_equal(&a->client, &b->client) ||
	    !net_equal(&a->server, &b->server) ||
	    a->client_port != b->client_port ||
	    a->server_port != b->server_port)
		abort();
}

/* As version 1 would have it. */
static void
check_printed(const struct upstream_header *h)
{
	char client[NET_TEXT], server[NET_TEXT], line[400];
	struct upstream_header again;

	/* IPv4 is never printed in the form of IPv6. */
	if (h->client.family != h->server.family)
		return;
	(void)snprintf(line, sizeof line, "PROXY %s %s %s %u %u\r\n",
	    h->client.family == NET_IPV4 ? "TCP4" : "TCP6",
	    net_print(&h->client, client), net_print(&h->server, server),
	    h->client_port, h->server_port);
	if (upstream_header_parse(line, strlen(line), &again) !=
	    UPSTREAM_HEADER_DONE)
		abort();
	check_same(h, &again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct upstream_header h, part;

	if (size == 0)
		return 0;
	switch (upstream_header_parse(text, size, &h)) {
	case UPSTREAM_HEADER_BAD:
		if (h.why == NULL)
			abort();
		return 0;
	case UPSTREAM_HEADER_MORE:
		if (size >= UPSTREAM_HEADER_MOST)
			abort();
		return 0;
	case UPSTREAM_HEADER_DONE:
		break;
	}
	if (h.used == 0 || h.used > size || h.used > UPSTREAM_HEADER_MOST)
		abort();
	for (size_t n = 1; n < h.used; n++)
		if (upstream_header_parse(text, n, &part) !=
		    UPSTREAM_HEADER_MORE)
			abort();
	if (upstream_header_parse(text, h.used, &part) != UPSTREAM_HEADER_DONE)
		abort();
	check_same(&h, &part);
	if (!h.local)
		check_printed(&h);
	return 0;
}

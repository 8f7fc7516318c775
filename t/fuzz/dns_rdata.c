/* rdata: what is accepted is made of harmless octets and, put back on the
 * wire, is read as the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dns_parse.h"
#include "base/fatal.h"
#include "base/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
encode(const char *name, unsigned char *wire)
{
	unsigned char *p = wire;
	size_t n;

	for (; *name != '\0'; name += n + (name[n] == '.')) {
		n = strcspn(name, ".");
		*p++ = (unsigned char)n;
		memcpy(p, name, n);
		p += n;
	}
	*p++ = 0;
	return (size_t)(p - wire);
}

static void
check_name(enum dns_type type, const struct dns_record *r, struct arena *arena)
{
	unsigned char wire[600];
	struct dns_record again;
	size_t n = type == DNS_MX ? 2 : type == DNS_SRV ? 6 : 0;

	must(strlen(r->name) <= 255);
	must(r->name[strspn(
		 r->name, "abcdefghijklmnopqrstuvwxyz0123456789-_.*")] == '\0');
	wire[0] = (unsigned char)(r->preference >> 8);
	wire[1] = (unsigned char)r->preference;
	wire[2] = (unsigned char)(r->weight >> 8);
	wire[3] = (unsigned char)r->weight;
	wire[4] = (unsigned char)(r->port >> 8);
	wire[5] = (unsigned char)r->port;
	n += encode(r->name, wire + n);
	must(dns_parse(type, wire, n, arena, &again));
	must(strcmp(r->name, again.name) == 0);
	must(r->preference == again.preference);
	must(r->weight == again.weight && r->port == again.port);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_A, DNS_NS, DNS_CNAME,
		DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA, DNS_TLSA, DNS_SRV };
	struct arena *arena = arena_new();
	struct dns_record r;
	enum dns_type type;
	unsigned char *copy;

	if (size > 0) {
		/* No spare octet behind it, so that overruns are seen. */
		type = types[data[0] % 9];
		copy = malloc(size);
		must(copy != NULL);
		memcpy(copy, data + 1, size - 1);
		copy = realloc(copy, size - (size > 1));
		must(copy != NULL);
		if (dns_parse(type, copy, size - 1, arena, &r)) {
			must(r.nraw == size - 1 &&
			    memcmp(r.raw, data + 1, size - 1) == 0);
			if (type == DNS_TXT)
				for (const char *p = r.name; *p != '\0'; p++)
					must(*p >= 32 && *p < 127);
			else if (type == DNS_MX || type == DNS_SRV ||
			    type == DNS_PTR || type == DNS_NS ||
			    type == DNS_CNAME)
				check_name(type, &r, arena);
		}
		free(copy);
	}
	arena_free(arena);
	return 0;
}

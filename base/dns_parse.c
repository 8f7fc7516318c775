/* dns_parse.c - see dns_parse.h. */
#include "base/dns_parse.h"

#include <string.h>

#include "base/arena.h"
#include "base/net.h"

enum { MOST_NAME = 255, MOST_LABEL = 63 };

/* What people write in the place of a host name, and what Postfix lets pass. */
static bool
acceptable(const char *name)
{
	struct net_addr addr;

	return dns_valid_hostname(
		   strncmp(name, "*.", 2) == 0 ? name + 2 : name, false) ||
	    net_parse(name, &addr);
}

/* Only the octets that host names are made of: no dot inside a label, nothing
 * that somebody could mistake for the end of a line or of a string. */
static bool
good_octet(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

/* The name that ${p}..${end} is, all of it, in small letters. */
static bool
parse_name(const unsigned char *p, const unsigned char *end,
    struct arena *arena, const char **name)
{
	char text[MOST_NAME + 1];
	size_t n = 0, label;

	for (;;) {
		if (p == end || *p > MOST_LABEL)
			return false;
		label = *p++;
		if (label == 0)
			break;
		if (label > (size_t)(end - p) || n + label + 1 > MOST_NAME)
			return false;
		if (n > 0)
			text[n++] = '.';
		for (; label > 0; label--, p++) {
			if (!good_octet(*p))
				return false;
			text[n++] = (char)*p;
		}
	}
	if (p != end)
		return false;
	text[n] = '\0';
	*name = arena_lower(arena, text);
	return true;
}

static bool
parse_host(const unsigned char *rdata, size_t n, struct arena *arena,
    const char **name)
{
	return parse_name(rdata, rdata + n, arena, name) && acceptable(*name);
}

static bool
parse_mx(const unsigned char *rdata, size_t n, struct arena *arena,
    struct dns_record *record)
{
	if (n < 3)
		return false;
	record->preference = (unsigned)rdata[0] << 8 | rdata[1];
	return parse_name(rdata + 2, rdata + n, arena, &record->name) &&
	    (record->name[0] == '\0' || acceptable(record->name));
}

static bool
parse_srv(const unsigned char *rdata, size_t n, struct arena *arena,
    struct dns_record *record)
{
	if (n < 7)
		return false;
	record->preference = (unsigned)rdata[0] << 8 | rdata[1];
	record->weight = (unsigned)rdata[2] << 8 | rdata[3];
	record->port = (unsigned)rdata[4] << 8 | rdata[5];
	return parse_name(rdata + 6, rdata + n, arena, &record->name) &&
	    (record->name[0] == '\0' || acceptable(record->name));
}

/* The strings of a TXT record without what cannot be printed; who needs every
 * octet has the rdata. */
static bool
parse_txt(const unsigned char *rdata, size_t n, struct arena *arena,
    const char **joined)
{
	const unsigned char *p = rdata, *end = rdata + n;
	char *text = arena_alloc(arena, n + 1), *to = text;

	if (n == 0)
		return false;
	while (p < end) {
		size_t len = *p++;

		if (len > (size_t)(end - p))
			return false;
		for (; len > 0; len--, p++, to++) {
			*to = ' ';
			if (*p > 32 && *p < 127)
				*to = (char)*p;
		}
	}
	*joined = text;
	return true;
}

static bool
parse_octets(const unsigned char *rdata, size_t n, size_t wanted,
    struct dns_record *record)
{
	if (n != wanted)
		return false;
	memcpy(record->octets, rdata, n);
	return true;
}

bool
dns_parse(enum dns_type type, const unsigned char *rdata, size_t n,
    struct arena *arena, struct dns_record *record)
{
	*record = (struct dns_record){ .name = "", .nraw = n };
	if (n == 0 || n > 65535)
		return false;
	record->raw =
	    (unsigned char *)arena_strndup(arena, (const char *)rdata, n);
	switch (type) {
	case DNS_A:
		return parse_octets(rdata, n, 4, record);
	case DNS_AAAA:
		return parse_octets(rdata, n, 16, record);
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		return parse_host(rdata, n, arena, &record->name);
	case DNS_MX:
		return parse_mx(rdata, n, arena, record);
	case DNS_SRV:
		return parse_srv(rdata, n, arena, record);
	case DNS_TXT:
		return parse_txt(rdata, n, arena, &record->name);
	case DNS_TLSA:
		return n > 3;
	default:
		return false;
	}
}

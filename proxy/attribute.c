/* attribute.c - see attribute.h. */
#include "proxy/attribute.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/net.h"
#include "proxy/esmtp.h"

enum { MOST_VALUE = 255, MOST_PORT = 65535 };

static char *
printable(char *value)
{
	for (char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			*p = '?';
	return value;
}

const char *
attribute_parse(
    struct arena *arena, const char *word, struct attribute *attribute)
{
	const char *equals = strchr(word, '=');
	char *name, *value;

	if (equals == NULL || equals[1] == '\0')
		return "501 5.5.4 Error: attribute=value expected";
	if (strlen(equals + 1) > MOST_VALUE)
		return "501 5.5.4 Error: attribute value too long";
	name = arena_strndup(arena, word, (size_t)(equals - word));
	for (char *p = name; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	value = esmtp_xtext(arena, equals + 1);
	attribute->name = name;
	attribute->value =
	    printable(value != NULL ? value : arena_strdup(arena, equals + 1));
	attribute->kind = strcasecmp(attribute->value, "[UNAVAILABLE]") == 0
	    ? ATTRIBUTE_UNAVAILABLE
	    : strcasecmp(attribute->value, "[TEMPUNAVAIL]") == 0
	    ? ATTRIBUTE_TEMPUNAVAIL
	    : ATTRIBUTE_GIVEN;
	return NULL;
}

bool
attribute_is_host(const char *value)
{
	return dns_valid_hostname(value, false);
}

bool
attribute_is_port(const char *value)
{
	size_t n = strspn(value, "0123456789");

	return n > 0 && n <= 5 && value[n] == '\0' &&
	    strtol(value, NULL, 10) <= MOST_PORT;
}

bool
attribute_addr(const char *value, struct net_addr *addr)
{
	if (strncasecmp(value, "IPV6:", 5) == 0)
		return net_parse(value + 5, addr) && value[5] != '[';
	return value[0] != '[' && net_parse(value, addr) &&
	    addr->family == NET_IPV4;
}

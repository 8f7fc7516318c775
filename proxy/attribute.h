/* attribute.h - the attributes of XCLIENT and XFORWARD. */
#ifndef PROXY_ATTRIBUTE_H
#define PROXY_ATTRIBUTE_H

#include <stdbool.h>

struct arena;
struct net_addr;

enum attribute_kind {
	ATTRIBUTE_GIVEN,
	ATTRIBUTE_UNAVAILABLE, /* [UNAVAILABLE] */
	ATTRIBUTE_TEMPUNAVAIL, /* [TEMPUNAVAIL] */
};

struct attribute {
	const char *name; /* in capitals */
	enum attribute_kind kind;
	const char *value; /* decoded; control characters are '?' */
};

/* attribute_parse(arena, word, attribute): "name=value"; NULL, or why not as
 * the text of a reply. */
const char *attribute_parse(
    struct arena *arena, const char *word, struct attribute *attribute);

/* Values of the kinds that both commands have; false: bad syntax. */
bool attribute_is_host(const char *value);
bool attribute_is_port(const char *value);
bool attribute_addr(const char *value, struct net_addr *addr);

#endif

/* html_entity.c - see html_entity.h. */
#include "base/html_entity.h"

#include <stdlib.h>
#include <string.h>

#include "base/charset.h"

enum { LONGEST_LOOSE = 6, TOO_HIGH = 0x110000, REPLACEMENT = 0xFFFD };

struct entity {
	const char *name;
	unsigned code;
	bool loose; /* needs no ";" */
};

static const struct entity entities[] = {
#define E(name, code, loose) { #name, code, loose },
#include "base/html_entities.def"
#undef E
};

struct key {
	const char *text;
	size_t len;
};

static int
compare(const void *a, const void *b)
{
	const struct key *key = a;
	const struct entity *entity = b;
	int order = strncmp(key->text, entity->name, key->len);

	return order == 0 && entity->name[key->len] != '\0' ? -1 : order;
}

static const struct entity *
find(const char *text, size_t len)
{
	const struct key key = { text, len };

	return bsearch(&key, entities, sizeof entities / sizeof *entities,
	    sizeof *entities, compare);
}

static int
digit_value(char c, unsigned base)
{
	int value = -1;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if (base == 16 && c >= 'a' && c <= 'f')
		value = c - 'a' + 10;
	else if (base == 16 && c >= 'A' && c <= 'F')
		value = c - 'A' + 10;
	return value;
}

/* ${text} begins with "#". */
static unsigned long
number(const char *text, size_t len, size_t *used)
{
	bool is_hex = len > 1 && (text[1] == 'x' || text[1] == 'X');
	size_t first = is_hex ? 2 : 1, i = first;
	unsigned long code = 0;
	int value;

	for (; i < len; i++) {
		value = digit_value(text[i], is_hex ? 16 : 10);
		if (value < 0)
			break;
		if (code < TOO_HIGH)
			code = code * (is_hex ? 16 : 10) + (unsigned)value;
	}
	*used = i;
	if (i == first)
		return 0;
	if (code == 0 || code >= TOO_HIGH || (code >= 0xD800 && code < 0xE000))
		return REPLACEMENT;
	return code < 0x100 ? charset_latin((unsigned char)code) : code;
}

unsigned long
html_entity_find(const char *text, size_t len, bool ended, size_t *used)
{
	const struct entity *entity;

	if (len > 0 && text[0] == '#')
		return number(text, len, used);
	entity = ended && len > 0 ? find(text, len) : NULL;
	*used = len;
	for (size_t n = len < LONGEST_LOOSE ? len : LONGEST_LOOSE;
	     entity == NULL && n > 1; n--) {
		entity = find(text, n);
		if (entity != NULL && !entity->loose)
			entity = NULL;
		*used = n;
	}
	return entity != NULL ? entity->code : 0;
}

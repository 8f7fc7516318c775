/* Filters of DNS lists, as text: what is accepted has, octet by octet, the
 * values that a plain reading of the text has, and a reason stands for all
 * else. */
#include "checks/dnsbl_filter.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does one octet of a filter ("7" or "[7;10..20]"), which is well formed, have
 * ${value}?  *p goes behind it. */
static bool
has(const char **p, unsigned value)
{
	bool set = **p == '[', found = false;
	char *end;

	*p += set;
	for (;;) {
		unsigned long low = strtoul(*p, &end, 10), high = low;

		if (strncmp(end, "..", 2) == 0 && set)
			high = strtoul(end + 2, &end, 10);
		found = found || (value >= low && value <= high);
		*p = end;
		if (!set || **p == ']')
			break;
		(*p)++;
	}
	*p += set;
	return found;
}

/* Do brackets stand around the whole? */
static bool
wrapped(const char *text)
{
	size_t depth = 0;

	for (const char *p = text; *p != '\0'; p++) {
		depth += *p == '[';
		depth -= *p == ']';
		if (depth == 0)
			return p > text && p[1] == '\0';
	}
	return false;
}

static void
check(const char *text, const struct dnsbl_filter *filter)
{
	unsigned char octets[4] = { 0 };
	const char *p, *start = text;
	bool want;

	must(text[strspn(text, "0123456789.;[]")] == '\0');
	if (wrapped(text))
		start++;
	for (unsigned value = 0; value < 256; value++) {
		memset(octets, (int)value, sizeof octets);
		p = start;
		want = true;
		for (int i = 0; i < 4; i++, p += i < 4)
			want = has(&p, value) && want;
		must(dnsbl_filter_has(filter, octets) == want);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);
	struct dnsbl_filter filter, again;
	struct err err = { "" };

	if (dnsbl_filter_parse(text, &filter, &err)) {
		must(err.text[0] == '\0');
		check(text, &filter);
		/* In brackets it is the same. */
		if (text[0] != '[') {
			must(dnsbl_filter_parse(
			    arena_printf(arena, "[%s]", text), &again, NULL));
			must(memcmp(&filter, &again, sizeof filter) == 0);
		}
	} else {
		must(err.text[0] != '\0');
	}
	arena_free(arena);
	return 0;
}

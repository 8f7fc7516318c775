/* Texts in an LDAP filter or DN: what is special in them stands there as an
 * escape only, and taking the escapes out gives the text again. */
#include "rules/ldap_text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool (*quote)(void *, const char *, struct buf *), const char *text,
    const char *special)
{
	struct buf out = { 0 };
	const char *p;

	must(quote(NULL, text, &out));
	for (p = buf_str(&out); *p != '\0'; p++, text++) {
		char hex[3] = "", *end;

		must(strchr(special, *p) == NULL);
		if (*p != '\\') {
			must(*p == *text);
			continue;
		}
		must(isxdigit((unsigned char)p[1]) &&
		    isxdigit((unsigned char)p[2]));
		memcpy(hex, p + 1, 2);
		must((char)strtoul(hex, &end, 16) == *text && *end == '\0');
		p += 2;
	}
	must(*text == '\0');
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);

	check(ldap_text_filter, text, "*()");
	check(ldap_text_dn, text, " \t\"#+,;<>");
	arena_free(arena);
	return 0;
}

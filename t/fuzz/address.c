/* Mail addresses: what is accepted can be printed and read again, and has
 * neither control characters nor broken UTF-8, whatever the client says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "base/utf8.h"
#include "rules/address.h"
#include "rules/rfc822.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_clean(const char *text)
{
	for (; *text != '\0'; text++)
		must((unsigned char)*text >= ' ' && *text != 0x7f);
}

/* Internal to external form and back. */
static void
round_trip(struct arena *arena, const char *internal)
{
	const char *external = address_external(arena, internal);
	const char *again = address_internal(arena, external);

	must(again != NULL && strcmp(again, internal) == 0);
}

/* An address with a usual domain is read again as what it was. */
static void
read_again(struct arena *arena, const char *internal, unsigned flags)
{
	const char *domain = address_domain(internal), *again, *rest;

	if (domain == NULL || *domain == '\0' || *internal == '@' ||
	    domain[strspn(domain, "abcdefghijklmnopqrstuvwxyz.")] != '\0')
		return;
	again = address_path(arena,
	    arena_printf(
		arena, "<%s> SIZE=1", address_external(arena, internal)),
	    flags, &rest);
	must(again != NULL && strcmp(again, internal) == 0);
	must(strcmp(rest, " SIZE=1") == 0);
}

static void
check_path(struct arena *arena, const char *text, unsigned flags)
{
	const char *rest = NULL;
	char *path = address_path(arena, text, flags, &rest);

	if (path == NULL)
		return;
	must(rest > text && rest <= text + strlen(text));
	must(*rest == '\0' || *rest == ' ' || *rest == '\t');
	must(*path != '\0' || (flags & ADDRESS_EMPTY_OK) != 0);
	check_clean(path);
	must(utf8_valid(path));
	round_trip(arena, path);
	read_again(arena, path, flags);
}

static void
check_extension(struct arena *arena, const char *local)
{
	const char *extension = NULL;
	char *base = address_split_any(arena, local, "+-", &extension);
	size_t len;

	if (base == NULL)
		return;
	len = strlen(base);
	must(len > 0 && strncmp(local, base, len) == 0);
	must(local[len] == '+' || local[len] == '-');
	must(strcmp(local + len + 1, extension) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	for (unsigned flags = 0; flags < 8; flags++)
		check_path(arena, text, flags);
	if (address_internal(arena, text) != NULL)
		round_trip(arena, text);
	check_extension(arena, text);
	(void)rfc822_list(arena, rfc822_parse(arena, text), true);
	(void)address_alabel(arena, text);
	arena_free(arena);
	free(text);
	return 0;
}

/* Requests of the policy protocol: the outcome, and what is read, do not depend
 * on the pieces in which they come, and a value never has a line end in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fatal.h"
#include "policy/policy_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	struct policy_request r;
	enum policy_request_got got;
	size_t used;
	char *data;
};

/* In pieces; each time in memory of its own, without a spare octet behind it,
 * so that a sanitizer sees overruns. */
static struct reading
read_in(const uint8_t *data, size_t size, size_t piece)
{
	struct reading g = { .got = POLICY_REQUEST_MORE };
	struct err err = { 0 };
	size_t n;

	for (size_t had = 0; g.got == POLICY_REQUEST_MORE && had < size;
	     had = n) {
		char *before = g.data;

		n = had + piece < size ? had + piece : size;
		g.data = malloc(n);
		must(g.data != NULL);
		if (before != NULL)
			memcpy(g.data, before, had);
		memcpy(g.data + had, data + had, n - had);
		free(before);
		g.got = policy_request_read(&g.r, g.data, n, &g.used, &err);
		must(g.got != POLICY_REQUEST_WHOLE || g.used <= n);
		must((g.got == POLICY_REQUEST_BAD) == (err.text[0] != '\0'));
	}
	return g;
}

static void
same(const struct reading *a, const struct reading *b)
{
	must(a->got == b->got);
	if (a->got != POLICY_REQUEST_WHOLE)
		return;
	must(a->used == b->used);
	for (unsigned i = 0; i < POLICY_NAMES; i++) {
		enum policy_name name = (enum policy_name)i;
		const char *one = policy_request_value(&a->r, a->data, name);
		const char *two = policy_request_value(&b->r, b->data, name);

		must((one == NULL) == (two == NULL));
		if (one == NULL)
			continue;
		must(strcmp(one, two) == 0);
		must(strchr(one, '\n') == NULL);
		must(one + strlen(one) < a->data + a->used);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size > 4096 ? 997 : 1;
	struct reading whole = read_in(data, size, size);
	struct reading parts = read_in(data, size, piece);

	same(&whole, &parts);
	free(whole.data);
	free(parts.data);
	return 0;
}

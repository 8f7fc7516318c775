/* No header of a member is missed, whatever stands around it and however the
 * archive is cut into pieces; and what is told is bounded by the limits. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "checks/zip_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LOCAL_SIZE = 30, MOST_MEMBERS = 50, MOST_INFLATED = 100000 };

struct seen {
	struct buf names; /* each between NULs */
	size_t count;
	unsigned facts;
};

static void
take_member(void *arg, const char *name, size_t len)
{
	struct seen *seen = arg;

	must(len > 0 && len <= 3 * 1024);
	buf_putc(&seen->names, '\0');
	buf_put(&seen->names, name, len);
	buf_putc(&seen->names, '\0');
	seen->count++;
}

static void
take_fact(void *arg, enum zip_fact fact)
{
	struct seen *seen = arg;

	must(fact < ZIP_FACTS && (seen->facts & 1U << fact) == 0);
	seen->facts |= 1U << fact;
}

static bool
is_plain(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < 32 || p[i] >= 127)
			return false;
	return n > 0;
}

/* The header at ${p}, if it is a whole one with a plain name, was told. */
static void
check(const struct seen *seen, const uint8_t *p, size_t n)
{
	struct buf want = { 0 };
	size_t name, extra;

	if (n < LOCAL_SIZE || memcmp(p, "PK\3\4", 4) != 0)
		return;
	name = p[26] | (size_t)p[27] << 8;
	extra = p[28] | (size_t)p[29] << 8;
	if (n < LOCAL_SIZE + name + extra || name > 1024 ||
	    !is_plain(p + LOCAL_SIZE, name))
		return;
	buf_putc(&want, '\0');
	buf_put(&want, p + LOCAL_SIZE, name);
	buf_putc(&want, '\0');
	must(seen->names.len > 0 &&
	    memmem(seen->names.data, seen->names.len, want.data, want.len) !=
		NULL);
	buf_free(&want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zip_limits limits = { MOST_MEMBERS, MOST_INFLATED };
	struct seen seen = { .count = 0 };
	const struct zip_names_sink sink = { take_member, take_fact, &seen };
	struct zip_names *z = zip_names_new(&sink, &limits);
	size_t step;

	if (size > 0) {
		step = 1 + data[0] % 100;
		data++;
		size--;
		for (size_t i = 0; i < size; i += step)
			zip_names_feed(z, (const char *)data + i,
			    size - i < step ? size - i : step);
	}
	zip_names_end(z);
	zip_names_free(z);
	/* A name may be told as it is, as CP437, and another one with it. */
	must(seen.count <= 3 * MOST_MEMBERS);
	must(
	    limits.members <= MOST_MEMBERS && limits.inflated <= MOST_INFLATED);
	if ((seen.facts & 1U << ZIP_LIMIT) == 0)
		for (size_t i = 0; i < size; i++)
			check(&seen, data + i, size - i);
	buf_free(&seen.names);
	return 0;
}

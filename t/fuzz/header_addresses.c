/* Addresses in headers: what nothing is changed in is not touched; once it was
 * printed anew it is read as the same addresses, and printing it again changes
 * nothing; and it stays one header. */
#include "rules/header_addresses.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 10240 };

struct seen {
	struct arena *arena;
	struct buf list;
	bool mark;
};

/* Note the address; and as asked make it another one, or leave it. */
static enum table_status
note(void *arg, const char *address, const char **result)
{
	struct seen *seen = arg;

	buf_puts(&seen->list, address);
	buf_putc(&seen->list, '\n');
	*result = seen->mark ? "mark@example.com" : address;
	return TABLE_FOUND;
}

static const char *
pass(struct seen *seen, const char *text, enum table_status want)
{
	const char *result;
	enum table_status status;

	buf_reset(&seen->list);
	status = header_addresses_rewrite(
	    seen->arena, text, MOST, note, seen, &result);
	if (want != TABLE_FAILED)
		must(status == want);
	if (status == TABLE_NONE)
		must(result == text);
	return result;
}

/* Each line but the first is a continuation, and not a blank one only. */
static void
check_lines(const char *text)
{
	must(strchr(text, '\r') == NULL);
	for (const char *lf = strchr(text, '\n'); lf != NULL;
	     lf = strchr(lf + 1, '\n'))
		must(lf[1] == '\t');
}

static size_t
count(const struct seen *seen)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->list.len; i++)
		n += seen->list.data[i] == '\n';
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .arena = arena_new() };
	char *text = malloc(size + sizeof "To:");
	const char *marked, *again;
	size_t n;

	must(text != NULL);
	memcpy(text, "To:", 3);
	if (size > 0)
		memcpy(text + 3, data, size);
	text[size + 3] = '\0';
	(void)pass(&seen, text, TABLE_NONE);
	n = count(&seen);
	seen.mark = true;
	marked = pass(&seen, text, TABLE_FAILED);
	must(count(&seen) == n);
	if (marked != text) {
		check_lines(marked);
		seen.mark = false;
		again = pass(&seen, marked, TABLE_NONE);
		must(again == marked);
	}
	buf_free(&seen.list);
	arena_free(seen.arena);
	free(text);
	return 0;
}

/* Names are valid text, at most in proportion to the header; and a value in
 * quotes is among them, whatever stands around it. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "base/utf8.h"
#include "checks/attachment_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t octets;
	bool found;
};

static const char sure[] = "sure.exe";

static void
take(void *arg, const char *text, size_t len)
{
	struct seen *seen = arg;
	struct buf copy = { 0 };

	must(len > 0 && memchr(text, '\0', len) == NULL);
	buf_put(&copy, text, len);
	must(utf8_valid(buf_str(&copy)));
	buf_free(&copy);
	seen->octets += len;
	if (len == sizeof sure - 1 && memcmp(text, sure, len) == 0)
		seen->found = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .octets = 0 };
	const struct attachment_name_sink sink = { take, &seen };
	struct buf text = { 0 };
	bool all;

	buf_put(&text, data, size);
	(void)attachment_name_find(buf_str(&text), text.len, &sink);
	/* Each of the first values in several ways, three octets for one; then
	 * one way. */
	must(seen.octets <= 600 * (size + 1));
	seen.found = false;
	buf_puts(&text, "; filename=\"sure.exe\"");
	all = attachment_name_find(text.data, text.len, &sink);
	must(seen.found || !all);
	buf_free(&text);
	return 0;
}

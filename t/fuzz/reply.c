/* Whatever the text, what is sent is a well-formed reply. */
#include "proxy/reply.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(const char *line, size_t n, const char *code, bool last)
{
	if (n < 4 || n + 2 > REPLY_LINE || memcmp(line, code, 3) != 0 ||
	    line[3] != (last ? ' ' : '-'))
		abort();
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 32 || line[i] == 127)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf in = { 0 }, out = { 0 };
	const char *p, *end;

	buf_put(&in, data, size);
	reply_put(&out, buf_str(&in));
	p = buf_str(&out);
	if (out.len < 6 || strlen(p) != out.len || reply_code("x") != 0)
		abort();
	for (; *p != '\0'; p = end + 2) {
		end = strstr(p, "\r\n");
		if (end == NULL)
			abort();
		check_line(p, (size_t)(end - p), out.data, end[2] == '\0');
	}
	buf_free(&in);
	buf_free(&out);
	return 0;
}

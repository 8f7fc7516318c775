/* Any octets as the lines of a server: the parser ends within its bounds, says
 * only codes and statuses that there are, and keeps nothing that could move a
 * cursor or begin a line (hostile 116). */
#include "delivery/smtp_reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct smtp_reply *r)
{
	struct buf flat = { 0 };

	if (r->code < 200 || r->code > 599 || r->text.len > SMTP_REPLY_TEXT)
		abort();
	if (r->code / 100 == 3 ? r->dsn[0] != '\0' && r->dsn[0] != '3'
			       : r->dsn[0] != (char)('0' + r->code / 100) ||
		    smtp_reply_dsn(r->dsn) != strlen(r->dsn))
		abort();
	smtp_reply_flat(r, &flat);
	for (size_t i = 0; i < flat.len; i++)
		if ((unsigned char)flat.data[i] < 32 || flat.data[i] == 127)
			abort();
	buf_free(&flat);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum smtp_reply_status status = SMTP_REPLY_MORE;
	const char *p = (const char *)data, *end = p + size;
	struct smtp_reply r = { 0 };

	smtp_reply_begin(&r);
	while (p < end && status == SMTP_REPLY_MORE) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((lf != NULL ? lf : end) - p);
		/* A copy of exactly the line, so that reading beyond it
		 * shows. */
		char *line = malloc(n > 0 ? n : 1);

		if (line == NULL)
			abort();
		memcpy(line, p, n);
		status = smtp_reply_line(&r, line, n);
		free(line);
		p = lf != NULL ? lf + 1 : end;
	}
	if (status == SMTP_REPLY_DONE)
		check(&r);
	buf_free(&r.text);
	return 0;
}

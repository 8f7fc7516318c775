/* A message that comes in chunks, of any sizes, is what it is if it comes by
 * DATA: accepted or not, and octet for octet. */
#include <stdint.h>

#include "t/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;

struct outcome {
	unsigned accepted;
	struct buf text;
};

static void
open_once(void)
{
	static bool open;

	if (open)
		return;
	open = true;
	if (freopen("/dev/null", "w", stderr) == NULL)
		abort();
	rig_open(&rig,
	    "smtpd_forbid_unauth_pipelining = no\n"
	    "smtpd_forbid_bare_newline_exclusions =\n"
	    "message_size_limit = 4000\nheader_size_limit = 500\n"
	    "header_checks = regexp:{{/^subject:.*spam/ REJECT}}\n");
}

static void
put_transaction(struct buf *to)
{
	buf_puts(to,
	    "EHLO x\r\nMAIL FROM:<a@b.example>\r\n"
	    "RCPT TO:<user@example.com>\r\n");
}

/* What the queue has got behind our own header. */
static struct outcome
converse(const struct buf *say)
{
	unsigned before = rig.queue.accepted;
	struct outcome o = { 0 };
	const char *headers;

	(void)rig_converse(&rig, "192.0.2.1", say->data, say->len);
	o.accepted = rig.queue.accepted - before;
	if (o.accepted == 0)
		return o;
	headers = strchr(buf_str(&rig.queue.headers), ';');
	if (headers == NULL)
		abort();
	headers = strchr(headers, '\n');
	buf_puts(&o.text, headers != NULL ? headers : "");
	buf_put(&o.text, rig.queue.body.data, rig.queue.body.len);
	return o;
}

static struct outcome
by_data(const char *text, size_t n)
{
	struct buf say = { 0 };
	bool start = true;
	struct outcome o;

	put_transaction(&say);
	buf_puts(&say, "DATA\r\n");
	for (size_t i = 0; i < n; i++) {
		if (start && text[i] == '.')
			buf_putc(&say, '.');
		buf_putc(&say, text[i]);
		start = text[i] == '\n';
	}
	if (n > 0 && (n == 1 || memcmp(text + n - 2, "\r\n", 2) != 0))
		buf_puts(&say, "\r\n");
	buf_puts(&say, ".\r\nQUIT\r\n");
	o = converse(&say);
	buf_free(&say);
	return o;
}

/* Sizes come from the message itself. */
static struct outcome
by_chunks(const char *text, size_t n, size_t seed)
{
	struct buf say = { 0 };
	struct outcome o;
	size_t at = 0;

	put_transaction(&say);
	while (at < n) {
		size_t piece =
		    1 + (seed + (unsigned char)text[at]) % (1 + seed % 40);

		if (piece > n - at)
			piece = n - at;
		buf_printf(&say, "BDAT %zu\r\n", piece);
		buf_put(&say, text + at, piece);
		at += piece;
	}
	buf_puts(&say, "BDAT 0 LAST\r\nQUIT\r\n");
	o = converse(&say);
	buf_free(&say);
	return o;
}

static void
check(const char *text, size_t n, size_t seed)
{
	struct outcome a, b;

	/* The last line ends, or has no octet of an end. */
	while (n > 0 &&
	    (text[n - 1] == '\r' ||
		(text[n - 1] == '\n' && (n == 1 || text[n - 2] != '\r'))))
		n--;
	a = by_data(text, n);
	b = by_chunks(text, n, seed);
	if (a.accepted != b.accepted || a.text.len != b.text.len ||
	    (a.text.len > 0 &&
		memcmp(a.text.data, b.text.data, a.text.len) != 0))
		abort();
	buf_free(&a.text);
	buf_free(&b.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_once();
	if (size > 0 && size < 3000)
		check((const char *)data + 1, size - 1, data[0]);
	return 0;
}

/* A user's text in any pieces makes the same content, which ends where it
 * should for the server that gets it; and what is read of the recipients does
 * not depend on the pieces either.  What is a letter for us ends there, too. */
#include "weir/sendmail_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/spool.h"
#include "proxy/body.h"
#include "weir/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct arena *arena;
	struct buf content;
	struct sendmail_text text;
};

static void
must_be(bool good)
{
	if (!good)
		abort();
}

static void
run(struct outcome *o, unsigned flags, const char *in, size_t n, size_t step)
{
	static const enum sendmail_text_cr crs[] = { SENDMAIL_TEXT_KEEP,
		SENDMAIL_TEXT_DROP, SENDMAIL_TEXT_FIRST, SENDMAIL_TEXT_DROP };
	enum sendmail_text_status status = SENDMAIL_TEXT_MORE;
	struct err err = { 0 };
	size_t i = 0;
	ssize_t got;

	o->arena = arena_new();
	o->text = (struct sendmail_text){ .arena = o->arena,
		.out = spool_new("/tmp"),
		.cr = crs[flags & 3],
		.dot = (flags & 4) != 0,
		.addresses = (flags & 8) != 0,
		.most_line = (flags & 16) != 0 ? 8 : 2048,
		.most_header = 100 };
	while (i < n && status == SENDMAIL_TEXT_MORE) {
		size_t some = step < n - i ? step : n - i;

		status = sendmail_text_take(&o->text, in + i, some, &err);
		i += some;
	}
	must_be(status == SENDMAIL_TEXT_MORE || status == SENDMAIL_TEXT_END);
	must_be(sendmail_text_finish(&o->text, &err) == SENDMAIL_TEXT_END);
	n = (size_t)spool_size(o->text.out);
	got = spool_get(o->text.out, 0, buf_reserve(&o->content, n), n, &err);
	must_be(got == (ssize_t)n);
	buf_added(&o->content, n);
}

static void
forget(struct outcome *o)
{
	spool_free(o->text.out);
	sendmail_text_free(&o->text);
	buf_free(&o->content);
	arena_free(o->arena);
}

/* The end of the content, as a server sees it that takes any line ends. */
static size_t
end_of(const char *data, size_t n)
{
	struct body body = { .loose = true };
	struct buf out = { 0 };
	size_t used;
	enum body_status status = body_decode(&body, data, n, &out, &used);

	buf_free(&out);
	return status == BODY_END ? used : 0;
}

static void
same(const struct sendmail_text_list *a, const struct sendmail_text_list *b)
{
	must_be(a->count == b->count);
	for (size_t i = 0; i < a->count; i++)
		must_be(strcmp(a->items[i], b->items[i]) == 0);
}

static void
check_letter(const char *data, size_t n)
{
	static const char commands[] =
	    "MAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n";
	struct letter l = { .content = spool_new("/tmp") };
	int fd = memfd_create("letter", MFD_CLOEXEC);

	must_be(write(fd, commands, sizeof commands - 1) > 0 &&
	    (n == 0 || write(fd, data, n) == (ssize_t)n) &&
	    lseek(fd, 0, SEEK_SET) == 0);
	must_be((letter_read(&l, fd, SIZE_MAX, NULL) == 0) ==
	    (n > 0 && end_of(data, n) == n));
	letter_free(&l);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome a = { 0 }, b = { 0 };
	const char *text = (const char *)data;

	if (size == 0)
		return 0;
	run(&a, data[0], text + 1, size - 1, size);
	run(&b, data[0], text + 1, size - 1, 1 + data[0] / 32);
	must_be(a.content.len == b.content.len &&
	    memcmp(a.content.data, b.content.data, a.content.len) == 0);
	must_be(end_of(a.content.data, a.content.len) == a.content.len);
	same(&a.text.recipients, &b.text.recipients);
	same(&a.text.resent, &b.text.resent);
	check_letter(a.content.data, a.content.len);
	check_letter(text + 1, size - 1);
	forget(&a);
	forget(&b);
	return 0;
}

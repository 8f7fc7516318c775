/* Messages in records, as sendmail(1) of Postfix gives them to postdrop(1). */
#include "weir/queue_records.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/spool.h"
#include "t/tap.h"

enum { MOST = 2048 };

static unsigned warnings;

static void
count_warning(const char *what, const char *record)
{
	(void)what;
	(void)record;
	warnings++;
}

struct sample {
	struct queue_records r;
	struct buf in;
	struct err err;
	enum queue_records_status status;
};

static void
put(struct sample *s, char type, const char *text, size_t n)
{
	buf_putc(&s->in, type);
	for (size_t left = n;; left >>= 7) {
		buf_putc(&s->in, (char)((left & 127) | (left > 127 ? 128 : 0)));
		if (left <= 127)
			break;
	}
	buf_put(&s->in, text, n);
}

static struct sample
sample(void)
{
	struct sample s = { .status = QUEUE_RECORDS_MORE };

	s.r.arena = arena_new();
	s.r.warn = count_warning;
	s.r.most = MOST;
	s.r.text = (struct sendmail_text){ .arena = s.r.arena,
		.out = spool_new("/tmp"),
		.most_line = MOST,
		.most_header = MOST,
		.most = 100000 };
	warnings = 0;
	return s;
}

/* "S:text R:text ..." of ${words}, then what it comes to. */
static enum queue_records_status
take(struct sample *s, const char *const *words)
{
	for (; *words != NULL; words++)
		put(s, (*words)[0], *words + 1, strlen(*words + 1));
	s->status = queue_records_take(&s->r, s->in.data, s->in.len, &s->err);
	return s->status;
}

static void
forget(struct sample *s)
{
	spool_free(s->r.text.out);
	queue_records_free(&s->r);
	buf_free(&s->in);
	arena_free(s->r.arena);
}

static bool
content_is(const struct sample *s, const char *text)
{
	char got[MOST];
	struct err err = { 0 };
	ssize_t n = spool_get(s->r.text.out, 0, got, sizeof got, &err);

	return n == (ssize_t)strlen(text) && memcmp(got, text, (size_t)n) == 0;
}

static void
test_whole(void)
{
	static const char *const words[] = { "Aenvelope_id=id one",
		"Aret_flags=2", "Arewrite_context=remote", "FFull Name",
		"V+=", "Sa@x.example", "Aencoding=8bit", "Anotify_flags=12",
		"Adsn_orig_rcpt=rfc822;o@x", "Rq r@y.example", "Rz",
		"Atrace_flags=512", "M", "NSubject: x", "N", "N.dot", "Llong ",
		"Nline", "Llast", "X", "Rlate", "E", NULL };
	struct sample s = sample();

	ok(take(&s, words) == QUEUE_RECORDS_END, "a whole message");
	is(s.r.sender, "a@x.example", "sender");
	is(s.r.envid, "id one", "envelope id");
	is(s.r.full_name, "Full Name", "full name");
	is(s.r.verp, "+=", "VERP");
	is(s.r.body, "8BITMIME", "body");
	ok(s.r.remote && s.r.ret == 2 && s.r.trace == QUEUE_RECORDS_VERIFY,
	    "flags");
	ok(s.r.count == 3, "three recipients");
	is(s.r.rcpts[0].address, "q r@y.example", "in internal form");
	is(s.r.rcpts[0].orcpt, "rfc822;o@x", "with an original one");
	ok(s.r.rcpts[0].notify == 12 && s.r.rcpts[1].notify == 0 &&
		s.r.rcpts[1].orcpt == NULL,
	    "which is of the next one only");
	is(s.r.rcpts[2].address, "late", "one behind the content");
	ok(content_is(
	       &s, "Subject: x\r\n\r\n..dot\r\nlong line\r\nlast\r\n.\r\n"),
	    "content");
	ok(warnings == 0, "no warnings");
	forget(&s);
}

static void
test_cut(void)
{
	static const char *const words[] = { "Sa", "Rb", "M", "Nx", NULL };
	struct sample s = sample();

	ok(take(&s, words) == QUEUE_RECORDS_MORE && queue_records_between(&s.r),
	    "one that ends between records");
	(void)queue_records_take(&s.r, "N\005ab", 4, &s.err);
	ok(!queue_records_between(&s.r), "one that ends in a record");
	forget(&s);
}

static void
refused(const char *const *words, const char *why, const char *name)
{
	struct sample s = sample();

	ok(take(&s, words) == QUEUE_RECORDS_BAD, "%s", name);
	is(s.err.text, why, "%s", why);
	forget(&s);
}

#define REFUSED(why, name, ...)                                                \
	refused((const char *const[]){ __VA_ARGS__, NULL }, why, name)

static void
test_refused(void)
{
	struct sample s = sample();

	REFUSED("unexpected record type: 84", "a time", "T123", "Sa");
	REFUSED("unexpected record type: 67", "a size", "C1 2 3");
	REFUSED("unexpected record type: 76", "content too early", "Lx");
	REFUSED("unexpected record type: 69", "no end of content", "Sa", "Rb",
	    "M", "Nx", "E");
	REFUSED("unexpected record type: 112", "a pointer", "Sa", "p123");
	REFUSED("unexpected record type: 83", "a sender in the content", "Sa",
	    "M", "Sb");
	REFUSED("malformed input", "a line end in an address", "Sa",
	    "Rb>\r\nRCPT TO:<c");
	put(&s, 'S', "a\0b", 3);
	ok(queue_records_take(&s.r, s.in.data, s.in.len, &s.err) ==
		QUEUE_RECORDS_BAD,
	    "NUL in an address");
	forget(&s);
	s = sample();
	ok(queue_records_take(&s.r, "S\377\377\377\377\377\377", 7, &s.err) ==
		QUEUE_RECORDS_BAD,
	    "a length without end");
	forget(&s);
	s = sample();
	ok(queue_records_take(&s.r, "S\201\020", 3, &s.err) ==
		QUEUE_RECORDS_BAD,
	    "a record of 2049 octets");
	forget(&s);
}

static void
test_ignored(void)
{
	static const char *const words[] = { "Anothing", "Afoo=bar",
		"Anotify_flags=99", "Aret_flags=-1", "Atrace_flags=7",
		"Aencoding=foo", "Arewrite_context=foo", "Acreate_time=1", "Sa",
		"Rb", "M", "X", "E", NULL };
	struct sample s = sample();

	ok(take(&s, words) == QUEUE_RECORDS_END, "odd attributes");
	ok(warnings == 7, "are warned of");
	ok(s.r.ret == 0 && s.r.trace == 0 && s.r.body == NULL && !s.r.remote &&
		s.r.rcpts[0].notify == 0,
	    "and ignored");
	forget(&s);
}

static void
test_large(void)
{
	static char line[MOST + 2] = "N";
	static const char *const begin[] = { "Sa", "Rb", "M", NULL };
	const char *const more[] = { line, NULL };
	struct sample s = sample();
	unsigned lines = 0;

	memset(line + 1, 'x', MOST);
	(void)take(&s, begin);
	while (s.status == QUEUE_RECORDS_MORE && lines++ < 1000) {
		buf_reset(&s.in);
		(void)take(&s, more);
	}
	ok(s.status == QUEUE_RECORDS_LARGE && lines < 51, "too large");
	forget(&s);
}

int
main(void)
{
	test_whole();
	test_cut();
	test_refused();
	test_ignored();
	test_large();
	return done_testing();
}

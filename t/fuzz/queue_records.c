/* Records of a message in any pieces are the same message; no address of it has
 * an octet that would make another command, and its content ends where it should
 * for the server that gets it. */
#include "weir/queue_records.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/spool.h"
#include "proxy/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct queue_records r;
	enum queue_records_status status;
	struct buf content;
};

static void
must_be(bool good)
{
	if (!good)
		abort();
}

static void
quiet(const char *what, const char *record)
{
	must_be(what[0] != '\0' && record != NULL);
}

static void
run(struct outcome *o, const char *in, size_t n, size_t step)
{
	struct err err = { 0 };
	size_t i = 0;

	o->r.arena = arena_new();
	o->r.warn = quiet;
	o->r.most = 300;
	o->r.text = (struct sendmail_text){ .arena = o->r.arena,
		.out = spool_new("/tmp"),
		.most_line = 64,
		.most_header = 100,
		.most = 4096 };
	while (i < n && o->status == QUEUE_RECORDS_MORE) {
		size_t some = step < n - i ? step : n - i;

		o->status = queue_records_take(&o->r, in + i, some, &err);
		i += some;
	}
	n = (size_t)spool_size(o->r.text.out);
	must_be(spool_get(o->r.text.out, 0, buf_reserve(&o->content, n), n,
		    &err) == (ssize_t)n);
	buf_added(&o->content, n);
}

static void
forget(struct outcome *o)
{
	spool_free(o->r.text.out);
	queue_records_free(&o->r);
	buf_free(&o->content);
	arena_free(o->r.arena);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_address(const char *address)
{
	for (; *address != '\0'; address++)
		must_be((unsigned char)*address >= ' ' && *address != 127);
}

static void
check_same(const struct outcome *a, const struct outcome *b)
{
	must_be(a->status == b->status && a->r.count == b->r.count);
	must_be(same_text(a->r.sender, b->r.sender) &&
	    same_text(a->r.full_name, b->r.full_name) &&
	    same_text(a->r.envid, b->r.envid) &&
	    same_text(a->r.verp, b->r.verp) && a->r.trace == b->r.trace);
	for (size_t i = 0; i < a->r.count; i++) {
		must_be(
		    same_text(a->r.rcpts[i].address, b->r.rcpts[i].address));
		must_be(same_text(a->r.rcpts[i].orcpt, b->r.rcpts[i].orcpt));
		must_be(a->r.rcpts[i].notify == b->r.rcpts[i].notify);
		check_address(a->r.rcpts[i].address);
	}
	if (a->r.sender != NULL)
		check_address(a->r.sender);
	must_be(a->content.len == b->content.len &&
	    (a->content.len == 0 ||
		memcmp(a->content.data, b->content.data, a->content.len) == 0));
}

/* A whole one is one message for a server, and nothing behind it. */
static void
check_end(const struct outcome *o)
{
	struct body body = { .loose = true };
	struct buf out = { 0 };
	size_t used = 0;

	if (o->status != QUEUE_RECORDS_END)
		return;
	must_be(body_decode(&body, o->content.data, o->content.len, &out,
		    &used) == BODY_END &&
	    used == o->content.len);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome a = { .status = QUEUE_RECORDS_MORE },
		       b = { .status = QUEUE_RECORDS_MORE };

	if (size == 0)
		return 0;
	run(&a, (const char *)data + 1, size - 1, size);
	run(&b, (const char *)data + 1, size - 1, 1 + data[0] / 32);
	check_same(&a, &b);
	check_end(&a);
	forget(&a);
	forget(&b);
	return 0;
}

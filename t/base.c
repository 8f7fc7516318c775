/* The smallest parts: arena, buffer, string map, errors, event lines. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/strmap.h"
#include "t/tap.h"

static const char *
nothing(struct arena *a)
{
	return arena_alloc(a, 0);
}

static void
test_arena(void)
{
	struct arena *a = arena_new();
	char *big, *s;
	const char *none = nothing(a);

	ok(none != nothing(a), "even nothing has an address of its own");
	s = arena_printf(a, "%s-%d", "x", 7);
	is(s, "x-7", "printf");
	big = arena_alloc(a, 100000);
	ok(big[0] == 0 && big[99999] == 0, "large objects are zeroed");
	is(s, "x-7", "older objects stay");
	is(arena_lower(a, "MiXed"), "mixed", "lower");
	ok(arena_used(a) >= 100000, "used counts");
	arena_reset(a);
	ok(arena_used(a) == 0, "reset");
	arena_free(a);
}

static void
test_buf(void)
{
	struct buf b = { 0 };

	is(buf_str(&b), "", "empty");
	buf_puts(&b, "hello ");
	buf_printf(&b, "%d %s", 42, "worlds");
	is(buf_str(&b), "hello 42 worlds", "append");
	buf_drop(&b, 6);
	is(buf_str(&b), "42 worlds", "drop");
	buf_cut(&b, 2);
	is(buf_str(&b), "42", "cut");
	buf_free(&b);
}

static void
test_strmap(void)
{
	struct strmap m = { 0 };
	char key[16];
	int values[1000];

	ok(strmap_find(&m, "x") == NULL, "nothing in an empty map");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof key, "k%d", i);
		ok(strmap_set(&m, key, &values[i]) == NULL, "new key");
	}
	ok(strmap_find(&m, "k777") == &values[777], "found");
	ok(strmap_set(&m, "k1", &values[2]) == &values[1], "replaced");
	ok(m.count == 1000, "counted once");
	is(m.items[5].key, "k5", "in order");
	strmap_free(&m);
}

static struct event_type sample = { "sample", EVENT_INFO,
	"to=<{to}>{, orig_to=<|orig|>}, delay={delay#}", "a sample", 0 };

static void
test_event(void)
{
	char path[] = "/tmp/weir-event-XXXXXX", text[1024] = "";
	int fd = mkstemp(path);
	struct event_target target = {
		.name = "weir", .fd = fd, .json_fd = -1
	};
	struct event_by by = { .program = "smtp", .number = 7, .qid = "ABC" };

	event_open(&target);
	event(&sample, &by, "to", "a@b", "orig", NULL, "delay", "0.1", NULL);
	event(&sample, &by, "to", "a\nb", "orig", "c", "delay", "2", NULL);
	event_speak(&by);
	event_warning(NULL, "%s", "of a session");
	event_speak(NULL);
	event_warning(NULL, "%s", "of nobody");
	target.json_fd = fd;
	target.fd = -1;
	event_open(&target);
	event(
	    &sample, &by, "to", "\"q\xff\"", "orig", NULL, "delay", "2", NULL);
	ok(pread(fd, text, sizeof text - 1, 0) > 0, "something is written");
	ok(strstr(text, "weir/smtp[7]: ABC: to=<a@b>, delay=0.1\n") == text,
	    "an absent field leaves its surroundings out");
	ok(strstr(text, "to=<a?b>, orig_to=<c>, delay=2\n") != NULL,
	    "control characters are escaped");
	ok(strstr(text, "weir/smtp[7]: ABC: warning: of a session\n") != NULL,
	    "who speaks for a thread");
	ok(strstr(text, "weir/weir[") != NULL &&
		strstr(text, "]: warning: of nobody\n") != NULL,
	    "and nobody any more");
	ok(strstr(text, "\"to\":\"\\\"q\\ufffd\\\"\",\"delay\":2}\n") != NULL,
	    "JSON quotes text, and what is none, and knows numbers");
	(void)close(fd);
	(void)unlink(path);
}

static void
test_err(void)
{
	struct err err;

	err_set(&err, "%s", "no such file");
	err_add(&err, "open %s", "/x");
	is(err.text, "open /x: no such file", "reasons are gathered");
	err_set(NULL, "%s", "x");
	err_add(NULL, "%s", "x");
}

int
main(void)
{
	test_arena();
	test_buf();
	test_strmap();
	test_event();
	test_err();
	return done_testing();
}

/* What may be lost is kept as long as it can be believed. */
#include "base/state.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/state_list.h"
#include "base/state_mark.h"
#include "base/state_ring.h"
#include "t/tap.h"

static char dir[] = "/tmp/weir-state-XXXXXX";

static void
remove_all(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "copy.mdb",
		"mark", "users" };
	char path[256];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static void
set_mark(const char *text)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof path, "%s/mark", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ok(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "mark");
	(void)close(fd);
}

static void
test_map(struct state *s, struct arena *a)
{
	char *value = NULL, key[900];

	ok(state_get(s, "m", "k", 5, a, &value) == 0, "nothing yet");
	ok(state_put(s, "m", "k", "v", 10) == 0, "put");
	ok(state_get(s, "m", "k", 5, a, &value) == 1, "get");
	is(value, "v", "the value");
	ok(state_get(s, "m", "k", 10, a, &value) == 0, "expired");
	ok(state_get(s, "other", "k", 5, a, &value) == 0, "another map");
	ok(state_put(s, "m", "k", NULL, 0) == 0, "delete");
	ok(state_get(s, "m", "k", 5, a, &value) == 0, "gone");
	memset(key, 'x', sizeof key);
	key[sizeof key - 1] = '\0';
	ok(state_put(s, "m", key, "long", 0) == 0, "a long key");
	key[sizeof key - 2] = 'y';
	ok(state_get(s, "m", key, 5, a, &value) == 0, "is not another one");
	for (int i = 0; i < 1500; i++) {
		(void)snprintf(key, sizeof key, "e%d", i);
		(void)state_put(s, "m", key, "v", i % 2 ? 100 : 0);
	}
	state_maintain(s, 200);
	state_maintain(s, 200);
	ok(state_get(s, "m", "e1001", 50, a, &value) == 0, "swept");
	ok(state_get(s, "m", "e1000", 50, a, &value) == 1, "kept");
}

static void
count_one(void *arg, const struct state_cell *cell)
{
	*(unsigned *)arg += cell->n == 1;
}

static bool
is_odd(void *arg, const struct state_cell *cell)
{
	(void)arg;
	return strchr("13579", cell->key[strlen(cell->key) - 1]) != NULL;
}

/* A store that has much is looked over in half an hour, too; and what an
 * administrator sees and does. */
static void
test_many(struct state *s)
{
	unsigned n = 0;
	char key[16];

	for (int i = 0; i < 12000; i++) {
		(void)snprintf(key, sizeof key, "%05d", i);
		(void)state_put(s, "many", key, "v", i % 3 ? 1000 : 3000);
	}
	for (int i = 0; i < 31; i++)
		state_maintain(s, 2000);
	ok(state_list_each(s, "many", 0, count_one, &n) == 0 && n == 4000,
	    "all that has expired is gone: %u left", n);
	ok(state_list_forget(s, "many", 2000, is_odd, NULL) == 2000,
	    "half of the rest is forgotten");
	n = 0;
	ok(state_list_each(s, "many", 2999, count_one, &n) == 0 && n == 2000,
	    "the other half is there: %u", n);
	ok(state_list_forget(s, "many", 3000, is_odd, NULL) == 0, "no more");
	n = 0;
	ok(state_list_each(s, "many", 3000, count_one, &n) == 0 && n == 0,
	    "until it has expired");
	ok(state_list_forget(s, "man", 0, is_odd, NULL) == 0,
	    "a map of which nothing is there");
}

static bool
collect(void *arg, const char *data, size_t n)
{
	char *text = arg;

	strncat(text, data, n);
	return strlen(text) < 3;
}

static void
test_ring(struct state *s)
{
	char text[64] = "";

	for (char c = 'a'; c <= 'g'; c++)
		ok(state_ring_put(
		       s, "r", &(struct state_item){ &c, 1 }, 1, 5) == 0,
		    "append");
	ok(state_ring_put(s, "a", &(struct state_item){ "z", 1 }, 1, 5) == 0 &&
		state_ring_put(s, "z", &(struct state_item){ "y", 1 }, 1, 5) ==
		    0,
	    "other rings");
	ok(state_ring_each(s, "r", collect, text) == 0, "each");
	is(text, "gfe", "the newest first, until enough");
	text[0] = '\0';
	(void)state_ring_each(s, "none", collect, text);
	is(text, "", "an empty ring");
}

/* Does the value survive when the file is opened again? */
static int
survives(struct arena *a)
{
	struct err err;
	struct state *s = state_open(dir, &err);
	char *value;
	int n = state_get(s, "m", "stay", 0, a, &value);

	state_close(s);
	return n;
}

static void
test_reopen(struct arena *a)
{
	struct err err;
	struct state *s = state_open(dir, &err);
	int status;
	pid_t pid;

	(void)state_put(s, "m", "stay", "v", 0);
	state_close(s);
	ok(survives(a) == 1, "after a clean stop");
	pid = fork();
	if (pid == 0) {
		s = state_open(dir, &err);
		(void)state_put(s, "m", "more", "v", 0);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	ok(survives(a) == 1, "after a sudden end in the same boot");
	set_mark("another-boot");
	ok(survives(a) == 0, "not after an unclean boot");
}

/* What the hourly copy holds is there after an unclean boot, and once. */
static void
test_copy(struct arena *a)
{
	struct err err;
	struct state *s = state_open(dir, &err);

	(void)state_put(s, "m", "stay", "v", 0);
	state_maintain(s, clock_now() + 3601 * CLOCK_SECOND);
	(void)state_put(s, "m", "later", "v", 0);
	state_close(s);
	set_mark("another-boot");
	ok(survives(a) == 1, "the copy is taken");
	set_mark("another-boot");
	ok(survives(a) == 0, "and not taken twice");
}

/* One that is doubted while others use it is theirs until they have ended. */
static void
test_doubt(struct arena *a)
{
	struct err err;
	struct state *s = state_open(dir, &err), *other;
	char *value;

	(void)state_put(s, "m", "stay", "v", 0);
	state_mark_doubt(dir);
	other = state_open(dir, &err);
	ok(state_get(other, "m", "stay", 0, a, &value) == 1,
	    "doubted, but others have it open");
	state_close(other);
	state_close(s);
	ok(survives(a) == 0, "then it is not taken up again");
	s = state_open(dir, &err);
	(void)state_put(s, "m", "stay", "v", 0);
	state_close(s);
	ok(survives(a) == 1, "and the next is not doubted");
	s = state_open(dir, &err);
	(void)state_put(s, "m", "stay", NULL, 0);
	state_close(s);
}

/* A file that is none of LMDB's is no reason to do without. */
static void
test_damaged(struct arena *a)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/data.mdb", dir);
	f = fopen(path, "w");
	for (int i = 0; f != NULL && i < 20000; i++)
		(void)fputs("not a database ", f);
	if (f != NULL)
		(void)fclose(f);
	set_mark("clean");
	ok(survives(a) == 0, "a damaged file is replaced by an empty one");
}

/* A user that ends as those of a damaged file do: its status. */
static int
end_suddenly(void)
{
	struct err err;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(state_open(dir, &err) == NULL);
	(void)waitpid(pid, &status, 0);
	return status;
}

/* hostile 75: LMDB may not survive a damaged page; that ends. */
static void
test_sudden_ends(struct arena *a)
{
	struct err err;
	struct state *s = state_open(dir, &err);

	(void)state_put(s, "m", "stay", "v", 0);
	state_close(s);
	for (int i = 0; i < 3; i++)
		ok(end_suddenly() == 0, "a sudden end");
	ok(survives(a) == 1, "three change nothing");
	for (int i = 0; i < 4; i++)
		ok(end_suddenly() == 0, "a sudden end");
	ok(survives(a) == 0, "but four in a row do");
	s = state_open(dir, &err);
	(void)state_put(s, "m", "stay", "v", 0);
	state_close(s);
	for (int i = 0; i < 6; i++) {
		ok(end_suddenly() == 0, "a sudden end");
		s = i % 2 ? state_open(dir, &err) : NULL;
		if (s != NULL)
			state_maintain(s, 1);
		state_close(s);
	}
	ok(survives(a) == 1, "not if it has served meanwhile");
}

/* hostile 75: the file is cut off, or scribbled over, or gone. */
static void
test_scribbled(struct arena *a)
{
	char path[256], junk[4096];
	int tries = 0, fd;
	struct err err;
	struct state *s = state_open(dir, &err);
	pid_t pid;
	int status = -1;

	for (int i = 0; i < 2000; i++) {
		(void)snprintf(junk, sizeof junk, "k%d", i);
		(void)state_put(s, "m", junk, "v", 0);
	}
	state_close(s);
	(void)snprintf(path, sizeof path, "%s/data.mdb", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = (char)(i * 37 % 251);
	for (off_t at = 2; at < 40; at += 3)
		(void)!pwrite(fd, junk, sizeof junk, at * (off_t)sizeof junk);
	ok(ftruncate(fd, (off_t)16 * (off_t)sizeof junk) == 0, "cut off");
	(void)close(fd);
	do {
		pid = fork();
		if (pid == 0) {
			(void)!freopen("/dev/null", "w", stderr);
			s = state_open(dir, &err);
			if (s == NULL || state_put(s, "m", "x", "y", 0) != 0)
				_exit(1);
			state_close(s);
			_exit(0);
		}
		(void)waitpid(pid, &status, 0);
	} while (status != 0 && ++tries < 10);
	ok(status == 0, "a damaged file is in use again after %d ends", tries);
	(void)unlink(path);
	set_mark("clean");
	ok(survives(a) == 0, "and one that is gone");
}

enum { WRITERS = 4, WRITES = 300 };

static void *
write_often(void *arg)
{
	struct state *s = arg;
	struct arena *a = arena_new();
	char key[32], *value;
	long wrong = 0;

	for (int i = 0; i < WRITES; i++) {
		(void)snprintf(key, sizeof key, "k%d", i);
		wrong += state_put(s, "m", key, key, 0) != 0;
		wrong += state_get(s, "m", key, 0, a, &value) != 1 ||
		    strcmp(value, key) != 0;
		wrong +=
		    state_ring_put(s, "r",
			&(struct state_item){ key, strlen(key) }, 1, 50) != 0;
		if (i % 100 == 0)
			state_maintain(s, 1);
	}
	arena_free(a);
	return wrong != 0 ? s : NULL;
}

static bool
count(void *arg, const char *data, size_t n)
{
	(void)data;
	(void)n;
	++*(int *)arg;
	return true;
}

/* Threads of two processes, as while a reload lets the old one drain. */
static void
test_together(void)
{
	pthread_t threads[WRITERS];
	struct err err;
	struct state *s;
	int status = -1, n = 0;
	void *wrong, *any = NULL;
	pid_t pid = fork();

	if (pid == 0) {
		s = state_open(dir, &err);
		_exit(s == NULL || write_often(s) != NULL);
	}
	s = state_open(dir, &err);
	for (int i = 0; i < WRITERS; i++)
		(void)pthread_create(&threads[i], NULL, write_often, s);
	for (int i = 0; i < WRITERS; i++) {
		(void)pthread_join(threads[i], &wrong);
		any = wrong != NULL ? wrong : any;
	}
	(void)waitpid(pid, &status, 0);
	ok(any == NULL && status == 0, "threads and processes together");
	ok(state_ring_each(s, "r", count, &n) == 0 && n == 50,
	    "the ring keeps %d", n);
	state_close(s);
}

static void
append_x(void *arg, const char *value, size_t n, struct buf *out)
{
	*(size_t *)arg = n;
	buf_put(out, value != NULL ? value : "-", value != NULL ? n : 1);
	buf_put(out, "x\0", 2);
}

static void
gather(void *arg, const char *key, const char *value, size_t n)
{
	buf_printf(arg, "%s=%.*s,", key, (int)n, value);
}

static void
test_update(struct state *s, struct arena *a)
{
	struct buf text = { 0 };
	char *value = NULL;
	size_t n = 9;

	ok(state_update(s, "u", "b", append_x, &n, 100) == 0 && n == 0,
	    "update what is not there");
	ok(state_update(s, "u", "b", append_x, &n, 100) == 0 && n == 3,
	    "any octets");
	ok(state_get(s, "u", "b", 1, a, &value) == 1 &&
		memcmp(value, "-x\0x", 4) == 0,
	    "both changes");
	ok(state_put(s, "u", "a", "1", 0) == 0 &&
		state_put(s, "u", "c", "3", 5) == 0 &&
		state_put(s, "ua", "a", "no", 0) == 0 &&
		state_put(s, "t", "z", "no", 0) == 0,
	    "others");
	ok(state_put(s, "u", "b", "2", 0) == 0, "replaced");
	ok(state_each(s, "u", 10, gather, &text) == 0, "each");
	is(buf_str(&text), "a=1,b=2,", "in order, what has not expired");
	buf_reset(&text);
	ok(state_each(s, "zz", 10, gather, &text) == 0 && text.len == 0,
	    "an empty map");
	buf_free(&text);
}

static struct state_cell cells[3];
static const char *seen[3];

/* Counts in "a", keeps what is in "c", and forgets nothing of "b". */
static void
change(void *arg)
{
	struct arena *a = arg;

	for (size_t i = 0; i < 3; i++)
		seen[i] = cells[i].value == NULL
		    ? "-"
		    : arena_strndup(a, cells[i].value, cells[i].n);
	cells[0].put = arena_printf(a, "%sx", cells[0].value ? seen[0] : "");
	cells[0].nput = strlen(cells[0].put);
	cells[0].expires = 50;
	if (cells[2].value == NULL) {
		cells[2].put = "";
		cells[2].expires = 0;
	}
}

static const char *
changed(struct state *s, struct arena *a, int64_t now)
{
	int e = state_change(s, cells, 3, now, change, a);

	return arena_printf(a, "%d %s %s %s", e, seen[0], seen[1], seen[2]);
}

static void
test_change(struct state *s, struct arena *a)
{
	static const char *const keys[] = { "a", "b", "c" };
	char *value = NULL;

	for (size_t i = 0; i < 3; i++)
		cells[i] =
		    (struct state_cell){ .map = "change", .key = keys[i] };
	ok(state_put(s, "change", "b", "stays", 60) == 0, "one is there");
	is(changed(s, a, 10), "0 - stays -", "a change sees all");
	is(changed(s, a, 20), "0 x stays ", "the next one sees what it did");
	is(changed(s, a, 49), "0 xx stays ", "until it expires");
	is(changed(s, a, 55), "0 - stays ", "what has expired is not there");
	is(changed(s, a, 60), "0 - - ", "nor what nobody has replaced");
	ok(state_get(s, "change", "b", 59, a, &value) == 1,
	    "though it is kept");
	is(value, "stays", "as it was");
}

int
main(void)
{
	struct arena *a = arena_new();
	struct err err = { 0 };
	struct state *s;

	ok(mkdtemp(dir) != NULL, "a directory");
	s = state_open(dir, &err);
	ok(s != NULL, "open: %s", err.text);
	test_map(s, a);
	test_many(s);
	test_update(s, a);
	test_change(s, a);
	test_ring(s);
	state_close(s);
	test_reopen(a);
	test_copy(a);
	test_doubt(a);
	test_damaged(a);
	test_sudden_ends(a);
	test_scribbled(a);
	test_together();
	ok(state_open("/nonexistent", &err) == NULL, "no directory");
	remove_all();
	arena_free(a);
	return done_testing();
}

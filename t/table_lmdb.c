/* lmdb: Postfix's files, read as they are and under its lock, while its postmap
 * writes into them; and ours, read by it. */
#include "rules/table_lmdb.h"

#include <stdatomic.h>

#include "rules/writer_lmdb.h"
#include "t/servers.h"

enum { PAIRS = 3000, VALUE = 10 };

static const char postmap[] = "/usr/sbin/postmap";

/* Run a command in the directory, as Postfix; false: it fails. */
static bool
postfix(const char *format, ...)
{
	char command[2 * PATH_MAX];
	int n = snprintf(command, sizeof command,
	    "cd %s && export "
	    "MAIL_CONFIG=. && ",
	    tables_dir);
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(command + n, sizeof command - (size_t)n, format, ap);
	va_end(ap);
	return system(command) == 0;
}

static const char *
many(char value)
{
	static char text[PAIRS * 32];
	char word[VALUE + 1];
	size_t n = 0;

	memset(word, value, VALUE);
	word[VALUE] = '\0';
	for (int i = 0; i < PAIRS; i++)
		n += (size_t)snprintf(
		    text + n, sizeof text - n, "key%d %s\n", i, word);
	return text;
}

static void
test_both_ways(void)
{
	struct table *t, *u;

	put_file("p", "Key value\nother a b\n\"q r\" s\n");
	ok(postfix("%s lmdb:p", postmap), "Postfix makes one");
	t = open_file("lmdb", "p");
	is(ask(t, "KEY"), "value", "which we read");
	is(ask(t, "other"), "a b", "all of it");
	is(ask(t, "none"), "-", "and nothing else");
	is(ask(t, "\"q r\""), "s", "a key in quotes");
	ok(symlink(path_of("p.lmdb"), path_of("s.lmdb")) == 0, "another name");
	u = open_file("lmdb", "s");
	is(ask(u, "key"), "value", "of the same file");
	table_close(t);
	is(ask(u, "key"), "value", "is open on its own");
	ok(servers_jailed(u, "key", "value"), "in the jail");
	table_close(u);
	is(collect(), "", "nothing is logged");
}

/* Write ${count} pairs, as our postmap does. */
static void
write_ours(const char *name, const char *value, int count)
{
	void *w = writer_lmdb.begin(path_of(name), true, 0644, NULL);
	char key[32];

	for (int i = 0; i < count; i++) {
		(void)snprintf(key, sizeof key, "key%d", i);
		if (writer_lmdb.put(w, key, value, 0, true, NULL) != 0)
			abort();
	}
	if (writer_lmdb.commit(w, NULL) != 0)
		abort();
}

static void
test_ours(void)
{
	struct table *t;

	write_ours("w", "of ours", 2);
	t = open_file("lmdb", "w");
	is(ask(t, "key1"), "of ours", "we make one");
	ok(postfix("test \"$(%s -q key1 lmdb:w)\" = 'of ours'", postmap),
	    "which Postfix reads");
	ok(postfix("echo new one | %s -i lmdb:w && %s -d key0 lmdb:w", postmap,
	       postmap),
	    "and changes");
	is(ask(t, "new"), "one", "under our hands");
	is(ask(t, "key0"), "-", "all of it");
	write_ours("w", "replaced", 1);
	seconds_later(2);
	is(ask(t, "key0"), "replaced",
	    "a file that takes its place is taken up");
	is(ask(t, "new"), "-", "as a whole");
	table_close(t);
	is(collect(), "", "nothing is logged");
}

static atomic_uint old, new, other;
static atomic_bool stop;

/* Ask through one of two tables of the same file and the other in turn. */
static void *
ask_all_the_time(void *arg)
{
	struct arena *arena = arena_new();
	struct table *const *both = arg;
	struct table *t = both[0];
	struct table_value v;

	while (!stop) {
		bool found = table_find(t, arena, "key1500", &v) == TABLE_FOUND;

		if (found && strcmp(v.text, "aaaaaaaaaa") == 0)
			old++;
		else if (found && strcmp(v.text, "bbbbbbbbbb") == 0)
			new ++;
		else
			other++;
		arena_reset(arena);
		t = both[t == both[0] ? 1 : 0];
	}
	arena_free(arena);
	return NULL;
}

/* Hostile rows 59, 60: every look-up while Postfix writes says the old or the
 * new, and a list is of one or the other. */
static void
test_rewriting(void)
{
	struct table *both[2], *t;
	pthread_t threads[4];
	bool fine;

	put_file("r", many('a'));
	ok(postfix("%s lmdb:r && cp r a", postmap), "a large one");
	put_file("b", many('b'));
	ok(symlink(path_of("r.lmdb"), path_of("q.lmdb")) == 0, "two names");
	t = both[0] = open_file("lmdb", "r");
	both[1] = open_file("lmdb", "q");
	for (unsigned i = 0; i < 4; i++)
		(void)pthread_create(&threads[i], NULL, ask_all_the_time, both);
	fine = postfix("for f in b a b a b a b; do cp $f r && %s lmdb:r || "
		       "exit 1; done",
	    postmap);
	stop = true;
	for (unsigned i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	ok(fine && other == 0 && old > 0 && new > 0,
	    "%u old, %u new, and %u other answers", old, new, other);
	is(ask(t, "key1500"), "bbbbbbbbbb", "the new one in the end");
	table_close(t);
	table_close(both[1]);
	is(collect(), "", "nothing is logged");
}

static void
count(void *arg, const char *key, const char *value, unsigned line)
{
	unsigned *n = arg;

	(void)line;
	n[0] += strncmp(key, "key", 3) == 0 ? 1 : 0;
	n[1] += strlen(value) == VALUE ? 1 : 0;
}

/* A table that grows beyond what was mapped. */
static void
test_growing(void)
{
	unsigned n[2] = { 0 };
	struct err err = { "" };
	struct table *t;

	put_file("g", "key value\n");
	ok(postfix("%s lmdb:g", postmap), "a small one");
	t = open_file("lmdb", "g");
	is(ask(t, "key"), "value", "is asked");
	put_file("g", many('c'));
	ok(postfix("%s lmdb:g", postmap), "and grows");
	is(ask(t, "key2999"), "cccccccccc", "in place");
	ok(table_each(t, count, n, &err) == 0 && n[0] == PAIRS && n[1] == PAIRS,
	    "and is listed");
	table_close(t);
	(void)collect();
}

static void
test_locked(void)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct table *t;
	int fd;

	put_file("l", "key value\n");
	ok(postfix("%s lmdb:l", postmap), "a table");
	t = open_file("lmdb", "l");
	fd = open(path_of("l.lmdb"), O_RDWR);
	ok(fcntl(fd, F_OFD_SETLK, &all) == 0, "somebody writes");
	ok(strstr(ask(t, "key"), "l.lmdb: locked by a writer") != NULL,
	    "and goes on for too long");
	(void)close(fd);
	is(ask(t, "key"), "value", "then it is asked");
	table_close(t);
	(void)collect();
}

/* Hostile row 59. */
static void
test_damage(void)
{
	struct table *t;

	put_file("text.lmdb", "this is not a database\n");
	t = open_file("lmdb", "text");
	ok(ask(t, "k")[0] == '!', "something else: %s", ask(t, "k"));
	table_close(t);
	put_file("empty.lmdb", "");
	t = open_file("lmdb", "empty");
	ok(ask(t, "k")[0] == '!', "an empty file: %s", ask(t, "k"));
	table_close(t);
	put_file("cut", many('a'));
	ok(postfix("%s lmdb:cut", postmap), "a table");
	t = open_file("lmdb", "cut");
	is(ask(t, "key1"), "aaaaaaaaaa", "that is whole");
	ok(truncate(path_of("cut.lmdb"), 8192) == 0, "is cut short");
	ok(ask(t, "key1")[0] == '!', "could not ask: %s", ask(t, "key1"));
	table_close(t);
	t = open_file("lmdb", "cut");
	ok(ask(t, "key1")[0] == '!', "nor anew: %s", ask(t, "key1"));
	table_close(t);
	t = open_file("lmdb", "nope");
	ok(strstr(ask(t, "k"), "nope.lmdb: No such file") != NULL, "no file");
	table_close(t);
	(void)collect();
}

int
main(void)
{
	if (access(postmap, X_OK) != 0) {
		printf("1..0 # SKIP no Postfix\n");
		return 0;
	}
	tables_begin();
	put_file("main.cf", "compatibility_level = 3.6\n");
	put_file("master.cf", "");
	test_both_ways();
	test_ours();
	test_rewriting();
	test_growing();
	test_locked();
	test_damage();
	return tables_end();
}

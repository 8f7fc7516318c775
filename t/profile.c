/* What the rules of pattern tables do is counted, and the counts follow them. */
#include "rules/profile.h"

#include <pthread.h>

#include "base/buf.h"
#include "base/state.h"
#include "t/tables.h"

static struct state *state;
static struct table *table;

/* "line=hits" of the rules of a table, "?" where times were measured. */
static void
gather(
    void *arg, const char *name, const struct profile_entry *entries, size_t n)
{
	struct buf *out = arg;

	if (strcmp(name, path_of("t")) != 0) {
		buf_printf(out, "[%s]", name);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s%u=%d%s", i > 0 ? " " : "", entries[i].line,
		    (int)entries[i].hits,
		    entries[i].tries > 0 && entries[i].time > 0 ? "?" : "");
		ok((entries[i].last != 0) == (entries[i].hits > 0),
		    "line %u: a time of the last hit if there was one",
		    entries[i].line);
	}
}

static const char *
counts(void)
{
	static char said[1024];
	struct buf out = { 0 };

	ok(profile_each(state, gather, &out) == 0, "read");
	(void)snprintf(said, sizeof said, "%s", buf_str(&out));
	buf_free(&out);
	return said;
}

static void
test_hits(const char *type)
{
	put_file(
	    "t", "/one/ 1\n# no rule\nif /a/\n/two/ 2\nendif\n!/x/ 3\nbad\n");
	profile_start(state, false);
	table = open_file(type, "t");
	is(ask(table, "x one"), "1 @t:1", "%s: first", type);
	is(ask(table, "x a two"), "2 @t:4", "%s: second", type);
	is(ask(table, "x a two"), "2 @t:4", "%s: again", type);
	is(ask(table, "x a"), "-", "%s: none", type);
	is(ask(table, "b"), "3 @t:6", "%s: third", type);
	profile_stop();
	is(counts(), "1=1 3=3 4=2 6=1", "%s: counted", type);
	is(ask(table, "x one"), "1 @t:1", "%s: nobody counts", type);
	table_close(table);
	is(counts(), "1=1 3=3 4=2 6=1", "%s: then", type);

	/* The file is changed: what a rule has done stays with it. */
	put_file("t", "/new/ 0\n/one/ 1\nif /a/\n\n/two/ 2\nendif\n");
	profile_start(state, true);
	table = open_file(type, "t");
	is(ask(table, "one"), "1 @t:2", "%s: in its new line", type);
	table_close(table);
	profile_stop();
	is(counts(), "1=0? 2=2? 3=3 5=2", "%s: and measured", type);
	ok(state_put(state, "rules", path_of("t"), NULL, 0) == 0, "forgotten");
	(void)collect();
}

static void *
ask_much(void *arg)
{
	struct arena *arena = arena_new();
	struct table_value value;

	(void)arg;
	for (int i = 0; i < 1000; i++) {
		arena_reset(arena);
		(void)table_find(table, arena, "abc", &value);
	}
	arena_free(arena);
	return NULL;
}

/* Many threads, and two tables that write to one record. */
static void
test_threads(void)
{
	struct table *other;
	pthread_t threads[4];

	put_file("t", "/b/ x\n");
	profile_start(state, false);
	table = table_open("pcre:{{/b/ y}}", NULL, NULL);
	is(ask(table, "b"), "y", "a table without a file");
	table_close(table);
	table = open_file("pcre", "t");
	other = open_file("regexp", "t");
	for (int i = 0; i < 4; i++)
		(void)pthread_create(&threads[i], NULL, ask_much, NULL);
	for (int i = 0; i < 10; i++)
		(void)ask(other, "b");
	for (int i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	table_close(table);
	table_close(other);
	profile_stop();
	is(counts(), "1=4010", "every hit is counted, that of no file is not");
}

int
main(void)
{
	struct err err = { "" };

	tables_begin();
	(void)mkdir(path_of("state"), 0700);
	state = state_open(path_of("state"), &err);
	ok(state != NULL, "state %s", err.text);
	test_hits("pcre");
	test_hits("regexp");
	test_threads();
	state_close(state);
	return tables_end();
}

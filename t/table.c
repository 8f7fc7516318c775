/* Tables: look-ups, surrogates, sharing, new content. */
#include "t/tables.h"

static void
test_inline(void)
{
	is(ask_once("inline:{a=b,a=c}", "a"), "c", "inline: the last one wins");
	is(ask_once("inline:{x=y, { K = v w } }", "k"), "v w",
	    "inline: keys are folded, values may have blanks");
	is(ask_once("inline:{a==b}", "a"), "=b", "inline: the first = counts");
	is(ask_once("inline:{\xc3\x84=b}", "\xc3\xa4"), "b",
	    "inline: keys are folded as Unicode");
	is(ask_once("inline:{a=b}", "x\xff"), "-",
	    "a key that is not UTF-8 is not there");
	is(collect(),
	    "warning: inline:{a=b}: non-UTF-8 key \"x?\": "
	    "malformed UTF-8 or invalid codepoint\n",
	    "and a warning says so");
	is(ask_once("inline:{}", "a"),
	    "!bad syntax: \"inline:{}\"; need \"inline:{name=value...}\"",
	    "inline: nothing");
	is(ask_once("inline:{ }", "a"),
	    "!empty table: \"inline:{ }\"; need \"inline:{name=value...}\"",
	    "inline: empty");
	is(ask_once("inline:{a}", "a"),
	    "!missing '=' after attribute name: \"inline:{a}\"; "
	    "need \"inline:{name=value...}\"",
	    "inline: no value");
	is(ask_once("inline:{{a=b}c}", "a"),
	    "!syntax error after '}' in \"{a=b}c\": \"inline:{{a=b}c}\"; "
	    "need \"inline:{name=value...}\"",
	    "inline: behind the brace");
	(void)collect();
}

static void
test_static_and_fail(void)
{
	is(ask_once("static:x", "anything"), "x", "static (F-47)");
	is(ask_once("static:{ a b }", "k"), "a b", "static in braces");
	is(ask_once("static:{", "k"),
	    "!bad static:name syntax: missing '}' in \"{\"", "static: open");
	is(ask_once("static:{ a b }x", "k"),
	    "!bad static:name syntax: syntax error after '}' in "
	    "\"{ a b }x\"",
	    "static: behind the brace");
	is(ask_once("fail:f", "k"), "!Application error", "fail");
	(void)collect();
}

static void
test_surrogate(void)
{
	struct err err = { "" };
	struct table *t = table_open("nosuch:x", NULL, &err);

	is(err.text, "unsupported dictionary type: nosuch", "the reason");
	ok(table_flags(t) == TABLE_SURROGATE, "a surrogate");
	is(collect(), "", "nothing is logged when it is opened");
	is(ask(t, "k"), "!unsupported dictionary type: nosuch", "it fails");
	is(ask(t, "k"), "!unsupported dictionary type: nosuch", "again");
	is(collect(),
	    "warning: nosuch:x is unavailable. "
	    "unsupported dictionary type: nosuch\n",
	    "the reason is logged once");
	table_close(t);
	is(ask_once("texthash:/nope", "k"),
	    "!open database /nope: No such file or directory", "texthash");
	is(ask_once("hash:/nope", "k"),
	    "!open database /nope.widx: No such file or directory", "hash");
	is(ask_once("static:", "k"),
	    "!open dictionary: expecting \"type:name\" form instead of "
	    "\"static:\"",
	    "no name");
	(void)collect();
}

/* F-25, F-26, F-27 and Postfix's diagnostics. */
static void
test_texthash(void)
{
	struct table *t;

	put_file("text",
	    "a b\n# c\nB  two words  \n  more\nnoval\na dup\n"
	    "al: b\n\"q r\" x\nbad\xff v\n\"open z\n");
	t = open_file("texthash", "text");
	is(collect(),
	    "warning: text, line 5: expected format: key "
	    "whitespace value -- ignoring this line\n"
	    "warning: text, line 6: duplicate entry: \"a\"\n"
	    "warning: text, line 7: record is in \"key: value\" "
	    "format; is this an alias file?\n"
	    "warning: text, line 9: non-UTF-8 input \"bad? v\" "
	    "-- ignoring this line\n"
	    "warning: text, line 10: unbalanced '\"' in "
	    "'\"open z' -- ignoring this line\n",
	    "bad lines are spoken of");
	ok(table_bad_lines(t) == 3, "and counted");
	is(ask(t, "A"), "b @text:1", "the first of two stays; case folded");
	is(ask(t, "b"), "two words    more @text:3", "continued");
	is(ask(t, "al:"), "b @text:7", "a colon belongs to the key");
	is(ask(t, "\"Q R\""), "x @text:8", "quotes belong to the key");
	is(ask(t, "noval"), "-", "a key without value is not there");
	is(ask(t, ""), "-", "an empty key is not there");
	table_close(t);
}

static void
test_new_content(void)
{
	struct table *t, *u;

	put_file("change", "k one\n");
	age("change", 500);
	t = open_file("texthash", "change");
	u = open_file("texthash", "change");
	ok(t == u, "one file is one table");
	table_close(u);
	is(ask(t, "k"), "one @change:1", "as it was");
	put_file("change", "\nk two\n");
	age("change", 100);
	is(ask(t, "k"), "one @change:1", "not looked at twice in a second");
	seconds_later(2);
	is(ask(t, "k"), "two @change:2", "new content is taken up");
	(void)unlink(path_of("change"));
	seconds_later(2);
	is(ask(t, "k"), "two @change:2", "a file that has gone stays");
	table_close(t);
}

/* What is not there may be there later, without a reload. */
static void
test_late(void)
{
	struct table *t = open_file("texthash", "late"), *u;

	ok((table_flags(t) & TABLE_SURROGATE) != 0, "not there: a surrogate");
	ok(ask(t, "k")[0] == '!', "could not ask");
	ok(strstr(collect(), "late is unavailable") != NULL, "and why");
	put_file("late", "k value\n");
	seconds_later(2);
	age("late", -(int)(*tables_clock / CLOCK_SECOND));
	is(collect(), "", "the reason is logged once");
	ok(ask(t, "k")[0] == '!', "what was written just now is not read");
	age("late", 100);
	ok(ask(t, "k")[0] == '!', "nor looked at twice in a second");
	seconds_later(2);
	is(ask(t, "k"), "value @late:1", "then it is");
	ok((table_flags(t) & TABLE_SURROGATE) == 0, "a table like any other");
	ok(strstr(collect(), "late is available now") != NULL, "the log says");
	u = open_file("texthash", "late");
	ok(t != u, "who came before it was there has it alone");
	table_close(u);
	table_close(t);
}

/* F-28, F-29, F-30, S-230 */
static void
test_hash(void)
{
	struct table *t, *u;
	struct stat st;

	put_file("h", "Key value\nkey again\nnoval\n");
	age("h", 1000);
	t = open_file("hash", "h");
	ok(stat(path_of("h.widx"), &st) == 0, "an index is made");
	is(collect(),
	    "warning: h.widx: duplicate entry: \"key\"\n"
	    "warning: h, line 3: expected format: key "
	    "whitespace value\n"
	    "h.widx: made, as there was none\n",
	    "with postmap's warnings");
	is(ask(t, "KEY"), "value @h:1", "hash");
	u = open_file("btree", "h");
	is(ask(u, "key"), "value @h:1", "btree reads the same file");
	table_close(u);
	is(collect(), "", "which is made once");
	put_file("h", "key changed\n");
	age("h", -500);
	seconds_later(1000);
	is(ask(t, "key"), "value @h:1", "a newer text is not served (S-230)");
	is(ask(t, "key"), "value @h:1", "again");
	is(collect(),
	    "warning: database h.widx is older than source "
	    "file h\n",
	    "but spoken of, once (F-30)");
	(void)unlink(path_of("h.widx"));
	seconds_later(2);
	is(ask(t, "key"), "value @h:1", "an index that has gone stays");
	u = open_file("dbm", "h"); /* makes it anew */
	table_close(u);
	seconds_later(2);
	is(ask(t, "key"), "changed @h:1", "a new index is taken up (F-29)");
	table_close(t);
	(void)collect();
}

/* hostile 59 */
static void
test_damage(void)
{
	struct table *t;
	struct stat st;
	int fd;

	put_file("d", "key value\n");
	table_close(open_file("hash", "d"));
	t = open_file("hash", "d");
	is(ask(t, "key"), "value @d:1", "whole");
	(void)stat(path_of("d.widx"), &st);
	ok(truncate(path_of("d.widx"), st.st_size - 8) == 0, "cut");
	ok(ask(t, "key")[0] == '!', "cut short in place: could not ask");
	ok(ask(t, "other")[0] == '-', "what can still be known is known");
	ok(truncate(path_of("d.widx"), 10) == 0, "cut again");
	ok(ask(t, "key")[0] == '!', "cut shorter: could not ask");
	ok(ask(t, "other")[0] == '-', "what is not there still is not");
	table_close(t);
	t = open_file("hash", "d");
	ok((table_flags(t) & TABLE_SURROGATE) != 0,
	    "a damaged index: a surrogate");
	ok(strstr(ask(t, "key"), "cut short") != NULL, "says why");
	table_close(t);
	fd = open(path_of("d.widx"), O_WRONLY | O_TRUNC);
	ok(write(fd, "Berkeley", 8) == 8, "overwritten");
	(void)close(fd);
	t = open_file("hash", "d");
	ok((table_flags(t) & TABLE_SURROGATE) != 0,
	    "something else: a surrogate");
	table_close(t);
	(void)collect();
}

static void
test_list(void)
{
	struct arena *arena = arena_new();
	struct err err = { "" };
	struct conf *conf = conf_parse("main.cf", NULL, NULL, NULL);
	struct table_list *list =
	    table_list_open("inline:{a=b, c=d}, static:x nosuch:y", "some_maps",
		conf, arena, &err);

	ok(list->count == 3, "three tables");
	is(err.text, "nosuch:y: unsupported dictionary type: nosuch",
	    "a mistake is reported");
	ok((table_list_flags(list) & TABLE_SURROGATE) != 0, "and shows");
	is(ask(list->tables[0], "c"), "d", "braces hold together");
	table_list_close(list);
	conf_free(conf);
	arena_free(arena);
}

int
main(void)
{
	tables_begin();
	test_inline();
	test_static_and_fail();
	test_surrogate();
	test_texthash();
	test_new_content();
	test_late();
	test_hash();
	test_damage();
	test_list();
	return tables_end();
}

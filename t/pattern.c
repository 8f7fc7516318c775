/* regexp:, pcre: and cidr: tables, and tables made of tables. */
#include <pthread.h>

#include "base/buf.h"
#include "t/tables.h"

/* F-60, F-61, F-62: diagnostics and answers of Debian's Postfix. */
static const char rules[] = "/a(b)/  $1-x ${1}y\n"   /* 1 */
			    "/n4(a)/ ${1?yes}\n"     /* 2 */
			    "/n5/ $0\n"              /* 3 */
			    "/n6/ $\n"               /* 4 */
			    "/n8/ ${1\n"             /* 5 */
			    "/n12/ ${}\n"            /* 6 */
			    "/n13(a)/ $100\n"        /* 7 */
			    "/n16\n"                 /* 8 */
			    "/n17\\/x/ y\n"          /* 9 */
			    "/n19/Z x\n"             /* 10 */
			    "foo bar\n"              /* 11 */
			    "if\n"                   /* 12 */
			    "if x\n"                 /* 13 */
			    "if /x/\n"               /* 14 */
			    "endif /x/\n"            /* 15 */
			    "endif x\n"              /* 16 */
			    "%n23% 100% sure $$1\n"  /* 17 */
			    "if /(/\n"               /* 18 */
			    "IF /IN/\n"              /* 19 */
			    "/n24/ inside\n"         /* 20 */
			    "EndIf\n"                /* 21 */
			    "/n25/\t   \n"           /* 22 */
			    "!!/n26/ twice\n"        /* 23 */
			    "ifx /a/\n"              /* 24 */
			    "/n30(a)?/ [$1]\n"       /* 25 */
			    "/n31(a)|b2/ [$1]\n"     /* 26 */
			    "/n34(.)/ $(1)b${1}\n"   /* 27 */
			    "/n35/i case\n"          /* 28 */
			    "/n36  (.*)/\n   <$1>\n" /* 29 */
			    "! /./ nothing\n"        /* 31 */
			    "!/n33(a)/ $1\n";        /* 32 */

static const char said_by_both[] =
    "warning: T map p, line 2: non-numeric replacement index \"1?yes\"\n"
    "warning: T map p, line 2: bad replacement syntax: skipping this rule\n"
    "warning: T map p, line 3: R replacement index \"0\"\n"
    "warning: T map p, line 3: bad replacement syntax: skipping this rule\n"
    "warning: empty macro name: \"$\"\n"
    "warning: T map p, line 4: bad replacement syntax: skipping this rule\n"
    "warning: truncated macro reference: \"${1\"\n"
    "warning: T map p, line 5: bad replacement syntax: skipping this rule\n"
    "warning: empty macro name: \"${}\"\n"
    "warning: T map p, line 6: bad replacement syntax: skipping this rule\n"
    "warning: T map p, line 7: out of range replacement index \"100\": "
    "skipping this rule\n"
    "warning: T map p, line 8: no closing regexp delimiter \"/\": S\n"
    "warning: T map p, line 10: unknown regexp option \"Z\": skipping this "
    "rule\n"
    "warning: T map p, line 11: ignoring unrecognized request\n"
    "warning: T map p, line 12: no regexp: skipping this rule\n"
    "warning: T map p, line 13: no closing regexp delimiter \"x\": S\n"
    "warning: T map p, line 15: ignoring extra text after ENDIF\n"
    "warning: T map p, line 16: ignoring ENDIF without matching IF\n"
    "warning: T map p, line 18: C\n"
    "warning: T map p, line 22: no replacement text: using empty string\n"
    "warning: T map p, line 24: ignoring unrecognized request\n"
    "warning: T map p, line 32: $number found in negative match replacement "
    "text: skipping this rule\n";

/* Replace every capital letter that stands for something. */
static void
expand(struct buf *out, const char *type, const char *zero,
    const char *unclosed, const char *open)
{
	for (const char *p = said_by_both; *p != '\0'; p++) {
		bool alone = p[1] == ' ' || p[1] == '\n';

		if (*p == 'T' && alone)
			buf_puts(out, type);
		else if (*p == 'R' && alone)
			buf_puts(out, zero);
		else if (*p == 'S' && alone)
			buf_puts(out, unclosed);
		else if (*p == 'C' && alone)
			buf_puts(out, open);
		else
			buf_putc(out, *p);
	}
}

static void
test_both(const char *type, const char *said)
{
	struct table *t;

	put_file("p", rules);
	t = open_file(type, "p");
	is(collect(), said, "%s: diagnostics", type);
	ok(table_bad_lines(t) == 15, "%s: bad lines are counted", type);
	ok((table_flags(t) & TABLE_WHOLE_KEY) != 0, "%s: whole keys", type);
	is(ask(t, "xABx"), "B-x By @p:1", "%s: $1 ${1}, any case", type);
	is(ask(t, "n17/x"), "y @p:9", "%s: escaped delimiter", type);
	is(ask(t, "n23"), "100% sure $1 @p:17", "%s: other delimiter, $$",
	    type);
	is(ask(t, "n24"), "-", "%s: outside of if", type);
	is(ask(t, "in n24"), "inside @p:20", "%s: in if", type);
	is(ask(t, "n25"), " @p:22", "%s: an empty result", type);
	is(ask(t, "n26"), "twice @p:23", "%s: negated twice", type);
	is(ask(t, "n30a"), "[a] @p:25", "%s: an optional group", type);
	is(ask(t, "n30"), "[] @p:25", "%s: that does not match", type);
	is(ask(t, "b2"), "[] @p:26", "%s: in the other branch", type);
	is(ask(t, "n34%"), "%b% @p:27", "%s: $(1)", type);
	is(ask(t, "n35"), "case @p:28", "%s: flag i", type);
	is(ask(t, "N35"), "-", "%s: case counts then", type);
	is(ask(t, "n36  a\n b"), "<a\n b> @p:29",
	    "%s: a folded header stays folded", type);
	is(ask(t, "n36  a\nb\rc\033d\te"), "<a b c d\te> @p:29",
	    "%s: control characters are cleaned (hostile 62)", type);
	table_close(t);
}

static void
test_flags(void)
{
	put_file("f", "/^a.b$/m dot\n/^c$/m line\n/d(e)/x basic\n/f+/x plus\n");
	is(ask_once("inline:{a=b}", "a"), "b", "a table before");
	struct table *t = open_file("regexp", "f");

	is(ask(t, "x\nc"), "line @f:2", "regexp m: ^ within");
	is(ask(t, "a\nb"), "-", "regexp m: . stops at lines");
	is(ask(t, "d(e)"), "basic @f:3", "regexp x: basic expressions");
	is(ask(t, "f+"), "plus @f:4", "regexp x: + is itself");
	is(ask(t, "ff"), "-", "regexp x: and nothing else");
	table_close(t);

	put_file("f",
	    "/^c$/m line\n/a.b/s dot\n/e f/x blanks\n/g/A anchored\n"
	    "/h$/E end\n/^(i.*)(j*)/U $2|$1\n/k/X x\n/l/o y\n");
	t = open_file("pcre", "f");
	is(collect(),
	    "warning: pcre map f, line 7: ignoring obsolete regexp option "
	    "\"X\"\n"
	    "warning: pcre map f, line 8: unknown regexp option \"o\": "
	    "skipping this rule\n",
	    "pcre: flags that are none");
	is(ask(t, "x\nc"), "line @f:1", "pcre m");
	is(ask(t, "a\nb"), "-", "pcre s: . stops at lines");
	is(ask(t, "ef"), "blanks @f:3", "pcre x");
	is(ask(t, "xg"), "-", "pcre A");
	is(ask(t, "h\n"), "-", "pcre E");
	is(ask(t, "h"), "end @f:5", "pcre E: at the end");
	is(ask(t, "ijj"), "|i @f:6", "pcre U: the least");
	is(ask(t, "k"), "x @f:7", "pcre X");
	table_close(t);
}

static void
test_second_pattern(void)
{
	struct table *t;

	put_file("s",
	    "/a(.)/!/b/ $1\n/k/! /l/ v\n/m/!!/n/ both\n"
	    "/r/!/(s)/ $1\n/(u/!/v/ x\n/u/!/(v/ x\n");
	t = open_file("regexp", "s");
	is(collect(),
	    "warning: regexp map s, line 4: out of range replacement index "
	    "\"1\": skipping this rule\n"
	    "warning: regexp map s, line 5: Unmatched ( or \\(\n"
	    "warning: regexp map s, line 6: Unmatched ( or \\(\n",
	    "regexp: diagnostics of two expressions");
	is(ask(t, "ax"), "x @s:1", "one and not the other");
	is(ask(t, "axb"), "-", "both");
	is(ask(t, "kx"), "v @s:2", "with a blank");
	is(ask(t, "mn"), "both @s:3", "negated twice");
	is(ask(t, "m"), "-", "and then missing");
	table_close(t);
}

static void
test_braces(void)
{
	is(ask_once("pcre:{{/a{1,2}/ y}}", "a"), "y", "one rule in braces");
	is(ask_once("regexp:{ { if /a/ }, {/b/ y}, {endif} }", "ab"), "y",
	    "if in braces");
	is(ask_once("pcre:{ {  } {# x} {/a/ z} }", "a"), "z",
	    "empty rules and comments");
	is(ask_once("cidr:{{1.2.3.0/24 x}, {!::/0 y}}", "1.2.3.4"), "x",
	    "cidr in braces");
	is(ask_once("pcre:{}", "a"), "-", "no rules");
	is(collect(), "", "nothing wrong so far");
	is(ask_once("pcre:{/a/ x}", "a"),
	    "!pcre map: no '{' at start of text in \"/a/\"",
	    "rules without braces");
	is(ask_once("cidr:{{a}", "a"), "!cidr map: missing '}' in \"{{a}\"",
	    "open braces");
	is(ask_once("pcre:{ {/a/ y} } z", "a"),
	    "!pcre map: syntax error after '}' in \"{ {/a/ y} } z\"",
	    "behind the braces");
	is(ask_once("pcre:/nope", "a"),
	    "!open /nope: No such file or directory", "no file");
	(void)collect();
}

static void
test_cidr(void)
{
	struct table *t;

	put_file("c",
	    "1.2.3.0/24 x y  \n!1.2.3.4 neg\nIF 2.0.0.0/8\n2.0.0.1   a\n"
	    "ENDIF\nif 3.0.0.0/8  trailing\n3.1.1.1 z\nendif trailing\nif\n"
	    "if/8 z\n[::1]/128 v6\n[2001:db8::/32] v6n\n"
	    "::ffff:1.2.3.4 mapped\n[1.2.3.4]/33 q\n1.2.3.4/ q\n"
	    "1.2.3.4/-1 q\n01.2.3.4 q\n! 1.1.1.1 q\n!!4.4.4.4 q\n"
	    "1.2.3/24 x\n/24 x\n2001:db8::1/64 x\nxyz: v\n");
	t = open_file("cidr", "c");
	is(collect(),
	    "warning: cidr map c, line 6: bad mask value in "
	    "\"3.0.0.0/8  trailing\": skipping this rule\n"
	    "warning: cidr map c, line 8: garbage after ENDIF: skipping this "
	    "rule\n"
	    "warning: cidr map c, line 9: no address pattern: skipping this "
	    "rule\n"
	    "warning: cidr map c, line 10: bad mask value in \"/8 z\": "
	    "skipping this rule\n"
	    "warning: cidr map c, line 14: bad mask length in "
	    "\"1.2.3.4/33\": skipping this rule\n"
	    "warning: cidr map c, line 15: bad mask value in \"1.2.3.4/\": "
	    "skipping this rule\n"
	    "warning: cidr map c, line 16: bad mask value in "
	    "\"1.2.3.4/-1\": skipping this rule\n"
	    "warning: cidr map c, line 17: bad address pattern: "
	    "\"01.2.3.4\": skipping this rule\n"
	    "warning: cidr map c, line 20: bad network value in "
	    "\"1.2.3/24\": skipping this rule\n"
	    "warning: cidr map c, line 21: bad network value in \"/24\": "
	    "skipping this rule\n"
	    "warning: cidr map c, line 22: non-null host address bits in "
	    "\"2001:db8::1/64\", perhaps you should use \"2001:db8::/64\" "
	    "instead: skipping this rule\n"
	    "warning: cidr map c, line 23: bad address pattern: \"xyz:\": "
	    "skipping this rule\n",
	    "cidr: diagnostics");
	is(ask(t, "1.2.3.4"), "x y @c:1", "a block");
	is(ask(t, "9.9.9.9"), "neg @c:2", "not an address");
	is(ask(t, "::1"), "v6 @c:11", "IPv6 in brackets");
	is(ask(t, "2001:db8::5"), "v6n @c:12", "IPv6 block in brackets");
	is(ask(t, "::ffff:1.2.3.4"), "mapped @c:13", "mapped is IPv6");
	is(ask(t, "name"), "-", "a name is no address");
	is(ask(t, "[::1]"), "-", "nor is one in brackets");
	is(ask(t, "1.2.3.04"), "-", "nor one with a leading zero");
	table_close(t);
}

/* Hostile 61: bounded, no match, one warning. */
static void
test_catastrophe(void)
{
	struct table *t;
	struct buf key = { 0 };
	int64_t before, took;

	put_file("x", "/(a+)+$/ never\n!/(a+)+$/ negated\n/!/ at last\n");
	t = open_file("pcre", "x");
	for (int i = 0; i < 100000; i++)
		buf_putc(&key, 'a');
	buf_putc(&key, '!');
	before = clock_mono();
	is(ask(t, buf_str(&key)), "at last @x:3", "the next rule is tried");
	is(ask(t, buf_str(&key)), "at last @x:3", "again");
	took = clock_mono() - before;
	ok(took < 60 * CLOCK_SECOND, "in bounded time: %lld ms",
	    (long long)(took / CLOCK_MS));
	is(collect(),
	    "warning: pcre map x, line 1: match limit exceeded\n"
	    "warning: pcre map x, line 2: match limit exceeded\n",
	    "one warning names each rule");
	table_close(t);
	put_file("x", "/^(.*)$/ $1$1$1$1$1\n");
	t = open_file("pcre", "x");
	ok(strlen(ask(t, buf_str(&key))) > 1000, "long results are bounded");
	table_close(t);
	buf_free(&key);
}

static void
test_new_rules(void)
{
	struct table *t;

	put_file("r", "/a/ old\n");
	age("r", 500);
	t = open_file("pcre", "r");
	is(ask(t, "a"), "old @r:1", "old rules");
	put_file("r", "\n/a/ new\n");
	age("r", 100);
	seconds_later(2);
	is(ask(t, "a"), "new @r:2", "new rules without a reload");
	table_close(t);
}

static void
test_composed(void)
{
	struct table *t;

	is(ask_once("unionmap:{inline:{a=b},inline:{a=c}}", "A"), "b,c",
	    "unionmap: all");
	is(ask_once("unionmap:{inline:{a=b},inline:{b=c}}", "b"), "c",
	    "unionmap: one");
	is(ask_once("unionmap:{inline:{a=b}}", "b"), "-", "unionmap: none");
	is(ask_once("unionmap:{static:x fail:y}", "b"), "!Application error",
	    "unionmap: one cannot be asked");
	is(ask_once("pipemap:{inline:{a=b},inline:{b=c}}", "a"), "c",
	    "pipemap");
	is(ask_once("pipemap:{inline:{a=b},inline:{c=d}}", "a"), "-",
	    "pipemap: ends");
	is(ask_once("pipemap:{inline:{a=b} fail:y}", "a"), "!Application error",
	    "pipemap: cannot be asked");
	is(collect(), "", "nothing wrong so far");
	is(ask_once("pipemap:{a}", "k"),
	    "!bad syntax: \"pipemap:{a}\"; need \"pipemap:{type:name...}\"",
	    "pipemap: syntax");
	is(ask_once("unionmap:{}", "k"),
	    "!bad syntax: \"unionmap:{}\"; need \"unionmap:{type:name...}\"",
	    "unionmap: syntax");
	t = table_open("unionmap:{pcre:{}, unix:passwd.byname}", NULL, NULL);
	ok(table_flags(t) ==
		(TABLE_PRIVATE | TABLE_WHOLE_KEY | TABLE_MAY_BLOCK),
	    "the first says how to ask, any that it may block");
	table_close(t);
	(void)collect();
}

/* F-44, F-45 */
static void
test_system(void)
{
	const char *root = ask_once("unix:passwd.byname", "Root");

	ok(strncmp(root, "root:x:0:0:", 11) == 0, "unix:passwd.byname: %s",
	    root);
	is(ask_once("unix:passwd.byname", "no such user"), "-", "nobody");
	is(ask_once("unix:group.byname", "root"),
	    "root:x:0:", "unix:group.byname");
	is(ask_once("unix:foo", "x"), "!unknown table: unix:foo", "unix:foo");
	(void)setenv("weir_test", "value", 1);
	is(ask_once("environ:x", "WEIR_test"), "value", "environ, folded");
	is(ask_once("environ:x", "weir_tes"), "-", "environ: no such name");
	(void)collect();
}

/* F-53; hostile 60: many threads, content that changes under them. */
static struct table *shared_table;
static _Atomic int wrong;

static void *
ask_much(void *arg)
{
	struct arena *arena = arena_new();
	struct table_value v;

	(void)arg;
	for (int i = 0; i < 3000; i++) {
		arena_reset(arena);
		if (table_find(shared_table, arena, "key1", &v) !=
			TABLE_FOUND ||
		    (strcmp(v.text, "old1") != 0 &&
			strcmp(v.text, "new1") != 0))
			wrong++;
	}
	arena_free(arena);
	return NULL;
}

static void
test_threads(const char *type, const char *before, const char *after)
{
	pthread_t threads[4];

	put_file("t", before);
	age("t", 900);
	shared_table = open_file(type, "t");
	for (int i = 0; i < 4; i++)
		(void)pthread_create(&threads[i], NULL, ask_much, NULL);
	for (int i = 0; i < 20; i++) {
		put_file("t.new", i % 2 == 0 ? after : before);
		age("t.new", 800 - i);
		(void)rename(path_of("t.new"), path_of("t"));
		if (strcmp(type, "hash") == 0) {
			(void)unlink(path_of("t.widx"));
			table_close(open_file("btree", "t"));
		}
		__atomic_fetch_add(
		    tables_clock, 2 * CLOCK_SECOND, __ATOMIC_SEQ_CST);
	}
	for (int i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	ok(wrong == 0, "%s: old or new, never mixed (hostile 60)", type);
	table_close(shared_table);
	(void)collect();
}

int
main(void)
{
	struct buf said = { 0 };

	tables_begin();
	expand(&said, "regexp", "out-of-range", "skipping this rule",
	    "Unmatched ( or \\(");
	test_both("regexp", buf_str(&said));
	buf_reset(&said);
	expand(&said, "pcre", "out of range", "ignoring this rule",
	    "error in regex at offset 1: missing closing parenthesis");
	test_both("pcre", buf_str(&said));
	buf_free(&said);
	test_flags();
	test_second_pattern();
	test_braces();
	test_cidr();
	test_catastrophe();
	test_new_rules();
	test_composed();
	test_system();
	test_threads("pcre", "/key(1)/ old$1\n", "# new\n/key(1)/ new$1\n");
	test_threads("hash", "key1 old1\n", "key1 new1\n");
	return tables_end();
}

/* A prefilter never changes an answer: thousands of generated rules, every octet
 * against every class, look-ups while chunks are being loaded. */
#include <pthread.h>

#include "base/buf.h"
#include "base/chores.h"
#include "base/multimatch.h"
#include "rules/chunk.h"
#include "rules/pattern_cache.h"
#include "rules/portable.h"
#include "rules/prefilter.h"
#include "t/rulegen.h"
#include "t/tables.h"

static const struct prefilter_settings here = { .least = 1, .at_once = true };
static const struct prefilter_settings nowhere = { .least = SIZE_MAX };
static bool complained;

static void
complain(const char *text)
{
	(void)text;
	complained = true;
}

static struct table *
open_with(const struct prefilter_settings *settings, const char *type,
    const char *name)
{
	char spec[PATH_MAX];

	prefilter_start(settings);
	(void)snprintf(spec, sizeof spec, "%s:%s", type, path_of(name));
	return table_open_as(spec, NULL, TABLE_ANY_OCTETS, NULL);
}

/* Ask both tables; 1: they differ. */
static int
differ(struct table *plain, struct table *filtered, const char *text)
{
	struct arena *arena = arena_new();
	struct table_value one, other;
	enum table_status status;
	int wrong = 0;

	complained = false;
	status = table_find(plain, arena, text, &one);
	/* A rule that has met a limit is no match only where it is tried. */
	if (!complained)
		wrong = table_find(filtered, arena, text, &other) != status ||
		    one.line != other.line ||
		    (status == TABLE_FOUND &&
			strcmp(one.text, other.text) != 0);
	if (wrong)
		printf("# \"%s\": line %u, but filtered line %u\n", text,
		    one.line, other.line);
	arena_free(arena);
	return wrong;
}

/* Texts that are ruled out together; 1: wrongly. */
static int
differ_together(
    struct table *plain, struct table *filtered, struct buf *text, int *silent)
{
	struct arena *arena = arena_new();
	struct table_value value;
	char *next = text->data, *line;
	int wrong = 0;

	if (table_hint(filtered, text->data, text->len) == TABLE_SILENT) {
		++*silent;
		while ((line = strsep(&next, "\n")) != NULL)
			if (table_find(plain, arena, line, &value) !=
			    TABLE_NONE) {
				printf("# \"%s\": line %u\n", line, value.line);
				wrong = 1;
			}
	}
	arena_free(arena);
	return wrong;
}

/* Rules that answer seldom enough for a hint to say so. */
static void
test_hints(const char *type)
{
	struct rulegen g = { .seed = 77 };
	struct buf rules = { 0 }, text = { 0 };
	struct table *plain, *filtered;
	int wrong = 0, silent = 0;

	for (int table = 0; table < 60; table++) {
		buf_reset(&rules);
		for (int i = 0; i < 3; i++) {
			buf_puts(&rules, "/^abc");
			rulegen_expression(&g, &rules, *type == 'r', 1);
			buf_puts(&rules, i == 1 ? "c$/ x\n" : "/ x\n");
		}
		buf_puts(&rules, "if /aaa/\n!/b/ y\nendif\n");
		put_file("plain", buf_str(&rules));
		put_file("filtered", buf_str(&rules));
		plain = open_with(&nowhere, type, "plain");
		filtered = open_with(&here, type, "filtered");
		for (int i = 0; i < 100; i++) {
			buf_reset(&text);
			for (int k = 0; k < 3; k++) {
				buf_puts(&text, k > 0 ? "\n" : "");
				rulegen_text(&g, &text);
			}
			wrong +=
			    differ_together(plain, filtered, &text, &silent);
		}
		table_close(plain);
		table_close(filtered);
	}
	ok(wrong == 0, "%s: lines that are silent together are so", type);
	ok(silent > 300, "%s: and often are (%d of 6000)", type, silent);
	buf_free(&rules);
	buf_free(&text);
	(void)collect();
}

static void
test_hint_kinds(void)
{
	static const struct {
		const char *rules, *text;
		enum table_hint hint;
	} cases[] = {
		{ "/b$/ x\n", "a\nbc\nc", TABLE_SILENT },
		{ "/b$/ x\n", "a\nb\nc", TABLE_PERHAPS },
		{ "/^b/ x\n/\\h/ x\n", "a", TABLE_UNKNOWN },
		{ "/^b/ x\n!/c/ x\n", "c", TABLE_UNKNOWN },
		{ "if /a/\n!/c/ x\nendif\n", "b\nc", TABLE_SILENT },
		{ "if /a/\n!/c/ x\nendif\n", "a\nc", TABLE_PERHAPS },
		{ "if /a/\n/\\h/ x\nendif\n", "a\nc", TABLE_PERHAPS },
		{ "if /a/\n/\\h/ x\nendif\n", "b\nc", TABLE_SILENT },
		{ "if !/a/\n/c/ x\nendif\n", "a\nc", TABLE_PERHAPS },
		{ "if !/a/\n/c/ x\nendif\n", "a\nb", TABLE_SILENT },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct table *t;

		put_file("t", cases[i].rules);
		t = open_with(&here, "pcre", "t");
		ok(table_hint(t, cases[i].text, strlen(cases[i].text)) ==
			cases[i].hint,
		    "%s: %s", cases[i].rules, cases[i].text);
		table_close(t);
		t = open_with(&nowhere, "pcre", "t");
		ok(table_hint(t, "a", 1) == TABLE_UNKNOWN,
		    "without a prefilter nothing is known");
		table_close(t);
	}
	struct table *none = table_open("static:x", NULL, NULL);

	ok(table_hint(none, "a", 1) == TABLE_UNKNOWN, "of another type, too");
	table_close(none);
}

static void
test_generated(const char *type, unsigned rules, unsigned texts, uint64_t seed)
{
	struct rulegen g = { .seed = seed };
	struct buf text = { 0 };
	struct table *plain, *filtered;
	int wrong = 0;

	for (unsigned i = 0; i < rules; i++)
		rulegen_rule(&g, &text, *type == 'r');
	put_file("plain", buf_str(&text));
	put_file("filtered", buf_str(&text));
	plain = open_with(&nowhere, type, "plain");
	filtered = open_with(&here, type, "filtered");
	for (unsigned i = 0; i < texts; i++) {
		buf_reset(&text);
		rulegen_text(&g, &text);
		wrong += differ(plain, filtered, buf_str(&text));
	}
	ok(wrong == 0, "%s: %u rules, %u texts: the same", type, rules, texts);
	table_close(plain);
	table_close(filtered);
	buf_free(&text);
	(void)collect();
}

/* What a class or an escape is, octet for octet. */
static void
test_octets(void)
{
	static const char *const classes[] = { "\\d", "\\D", "\\w", "\\W",
		"\\s", "\\S", "[[:alnum:]]", "[[:alpha:]]", "[[:blank:]]",
		"[[:cntrl:]]", "[[:digit:]]", "[[:graph:]]", "[[:lower:]]",
		"[[:print:]]", "[[:punct:]]", "[[:space:]]", "[[:upper:]]",
		"[[:xdigit:]]", "[^[:alpha:]]", "[\\w.-]", "[^\\s]", "[^a]",
		".", "\\x41", "\\xe9", "\\n", "\\r", "\\t", "\\f", "\\e", "\\a",
		"x?", "^", "\\.", "\\b", "\\B", "\xe9", "[a-z]", "[^A-Z]",
		"[]a]", "[\\a]", "^$", "()" };
	static const char *const flags[] = { "", "i", "m", "s", "im" };
	static const char *const types[] = { "pcre", "regexp" };
	int wrong = 0;

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
			for (size_t t = 0; t < 2; t++) {
				char rule[128], text[4] = "";
				struct table *plain, *filtered;

				(void)snprintf(rule, sizeof rule,
				    "/%s/%s yes\n/^-%s\\$/%s yes\n", classes[i],
				    flags[k], classes[i], flags[k]);
				put_file("plain", rule);
				put_file("filtered", rule);
				plain = open_with(&nowhere, types[t], "plain");
				filtered =
				    open_with(&here, types[t], "filtered");
				for (int c = 1; c < 256; c++) {
					text[0] = (char)c;
					text[1] = '\0';
					wrong += differ(plain, filtered, text);
					memcpy(text, "-x$", 4);
					text[1] = (char)c;
					wrong += differ(plain, filtered, text);
				}
				table_close(plain);
				table_close(filtered);
			}
	ok(wrong == 0, "every octet in every class");
	(void)collect();
}

static void
test_portable(void)
{
	static const struct {
		const char *posix, *want;
	} cases[] = {
		{ "^subject: a{2,3}(b|c)+$", "^subject: a{2,3}(b|c)+$" },
		{ "a\\.b\\/", "a\\.b\\/" },
		{ "\\<word\\>", "word" },
		{ "[]a]", "[\\x41-\\x41\\x5d-\\x5d\\x61-\\x61]" },
		{ "[[:digit:]-]", "[\\x2d-\\x2d\\x30-\\x39]" },
		{ "\\s", "[\\x09-\\x0d\\x20-\\x20]" },
		{ "a}", "a\\}" },
		{ "a**", NULL },
		{ "a+?", NULL },
		{ "*a", NULL },
		{ "(|a)", NULL },
		{ "a||b", NULL },
		{ "(a)\\1", NULL },
		{ "[[.a.]]", NULL },
		{ "[!-a]", NULL },
		{ "a{,2}", NULL },
		{ "a{300}", NULL },
		{ "(?a)", NULL },
		{ "\\e", NULL },
		{ "a)", NULL },
	};
	static const char *const same[] = { "^a.*b$", "(?i)x", "(?i:x)\\b",
		"(?=a)(?!b)(?<=c)(?<!d)(?>e)", "[\\w.-]+@", "(?P<name>a)\\1",
		"[[:alpha:]_]", "\\x41\\.\\/", "a++b*?" };
	static const char *const others[] = { "(*UTF8)a", "a(?i)b", "\\Qa\\E",
		"[]a]", "[\\w-.]", "\\12", "\\p{L}", "(?1)", "(?(1)a)", "\\K",
		"\\Ra", "(?#c)", "[[:^alpha:]]", "\\h", "(?|a)" };

	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool known = portable_posix(cases[i].posix, true, &out);

		ok(known == (cases[i].want != NULL), "%s: %s", cases[i].posix,
		    known ? "known" : "left alone");
		if (known)
			is(buf_str(&out), cases[i].want, "%s", cases[i].posix);
		buf_reset(&out);
	}
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		ok(portable_pcre(same[i], &out) &&
			strcmp(buf_str(&out), same[i]) == 0,
		    "%s: the same everywhere", same[i]);
		buf_reset(&out);
	}
	ok(portable_pcre("\\Aa\\.\\z|[\\.]\\Z", &out), "ends of the text");
	is(buf_str(&out), "^a\\.$|[\\.]$", "are those of lines");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ok(!portable_pcre(others[i], &out), "%s: left alone",
		    others[i]);
	buf_free(&out);
}

static void
test_chunks(void)
{
	struct chunk_draft draft = { .count = 0 };
	struct buf out = { 0 };
	struct err err = { "" };
	char name[CHUNK_NAME], other[CHUNK_NAME];
	struct chunk *chunk;

	chunk_draft_add(&draft, "a+", MULTIMATCH_CASELESS);
	chunk_draft_add(&draft, "a\\K", 0);
	chunk_name(draft.text.data, draft.text.len, name);
	ok(strlen(name) == CHUNK_NAME - 1, "a name");
	ok(chunk_compile(draft.text.data, draft.text.len, &out, &err) == 0,
	    "compiled %s", err.text);
	chunk = chunk_parse(out.data, out.len, &err);
	ok(chunk != NULL && chunk_count(chunk) == 2, "loaded %s", err.text);
	ok(chunk_has(chunk, 0) && !chunk_has(chunk, 1),
	    "without what the library does not know");
	chunk_free(chunk);
	for (size_t i = 0; i < out.len; i += 7) {
		out.data[i] ^= 1;
		chunk = chunk_parse(out.data, out.len, &err);
		if (chunk != NULL)
			break;
		out.data[i] ^= 1;
	}
	ok(chunk == NULL, "any damage is seen");
	ok(chunk_parse(out.data, out.len / 2, &err) == NULL, "a half, too");
	ok(chunk_compile("\001a", 2, &out, &err) != 0 &&
		chunk_compile("\377a", 3, &out, &err) != 0 &&
		chunk_compile("\001", 1, &out, &err) != 0,
	    "malformed drafts");
	chunk_draft_add(&draft, "b", 0);
	chunk_name(draft.text.data, draft.text.len, other);
	ok(strcmp(name, other) != 0, "another draft, another name");
	buf_free(&draft.text);
	buf_free(&out);
}

/* As the supervisor's process does it. */
static _Atomic int asked;

static void
fill(void *arg, int fd)
{
	struct err err = { "" };

	(void)arg;
	asked++;
	(void)pattern_cache_fill(path_of("cache"), fd, &err);
	(void)close(fd);
}

static _Atomic bool enough;
static _Atomic int wrong_answers;
static struct table *asked_table;

static void *
ask_on(void *arg)
{
	struct arena *arena = arena_new();
	struct table_value value;

	(void)arg;
	while (!enough) {
		arena_reset(arena);
		if (table_find(asked_table, arena, "x word2222 y", &value) !=
			TABLE_FOUND ||
		    value.line != 2222 ||
		    table_find(asked_table, arena, "word", &value) !=
			TABLE_NONE)
			wrong_answers++;
	}
	arena_free(arena);
	return NULL;
}

static bool
wait_said(const char *what)
{
	static const struct timespec pause = { 0, 10 * 1000 * 1000 };

	for (int i = 0; i < 12000; i++) {
		if (strstr(collect(), what) != NULL)
			return true;
		(void)nanosleep(&pause, NULL);
	}
	return false;
}

/* Chunks come while others look up, into several tables of the same rules; and
 * the second time nothing is compiled. */
static void
test_cache(void)
{
	char directory[PATH_MAX];
	const struct prefilter_settings kept = { .directory = directory,
		.ask = fill };
	pthread_t threads[3];
	struct buf text = { 0 };
	int before;

	(void)snprintf(directory, sizeof directory, "%s", path_of("cache"));
	(void)mkdir(directory, 0755);
	for (unsigned i = 1; i <= 2500; i++)
		buf_printf(&text, "/word%u( |$)/ yes\n", i);
	put_file("t", buf_str(&text));
	chores_start();
	for (int round = 0; round < 2; round++) {
		before = asked;
		enough = false;
		asked_table = open_with(&kept, "pcre", "t");
		for (size_t i = 0; i < 3; i++)
			(void)pthread_create(&threads[i], NULL, ask_on, NULL);
		ok(wait_said("2500 of 2500 rules are prefiltered"),
		    "prefiltered");
		enough = true;
		for (size_t i = 0; i < 3; i++)
			(void)pthread_join(threads[i], NULL);
		ok(wrong_answers == 0, "the right answers all the time");
		ok(round == 0 ? asked - before >= 2 : asked == before,
		    "%d chunks were compiled", asked - before);
		table_close(asked_table);
	}
	/* Closed before it is complete. */
	table_close(open_with(&kept, "regexp", "t"));
	chores_stop();
	table_close(open_with(&kept, "pcre", "t"));
	buf_free(&text);
	(void)collect();
}

int
main(void)
{
	tables_begin();
	event_tap(complain);
	test_portable();
	if (multimatch_version() != NULL) {
		test_octets();
		test_chunks();
		test_hints("pcre");
		test_hints("regexp");
		test_hint_kinds();
		for (uint64_t seed = 1; seed <= 60; seed++)
			test_generated("pcre", 40, 200, seed * 7919);
		for (uint64_t seed = 1; seed <= 60; seed++)
			test_generated("regexp", 40, 200, seed * 104729);
		test_cache();
	}
	event_tap(NULL);
	return tables_end();
}

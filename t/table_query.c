/* Tables of databases: their parameters, how a key becomes a query, and
 * results the value. */
#include "rules/table_query.h"

#include "base/buf.h"
#include "rules/table_settings.h"
#include "rules/types.h"
#include "t/tables.h"

static struct table_settings *settings;
static struct table_query *query;

static void
finish(void)
{
	table_query_close(query);
	table_settings_close(settings);
	query = NULL;
	settings = NULL;
}

/* Take the file ${text} as a table's; "" or the reason. */
static const char *
begin(const char *text)
{
	static struct err err;
	struct table_opening opening = { .name = path_of("q.cf") };

	finish();
	err.text[0] = '\0';
	put_file("q.cf", text);
	settings = table_settings_open(&opening, &err);
	if (settings != NULL)
		query = table_query_open("sql", &opening, settings, &err);
	cut(err.text, tables_dir);
	return err.text;
}

/* As SQL does. */
static bool
double_quotes(void *arg, const char *text, struct buf *out)
{
	(void)arg;
	for (; *text != '\0'; text++) {
		if (*text == '!')
			return false;
		if (*text == '\'')
			buf_putc(out, '\'');
		buf_putc(out, *text);
	}
	return true;
}

static const char *
expand(const char *template, const char *key)
{
	static struct buf out;
	struct err err = { "" };

	buf_reset(&out);
	if (table_query_add(query, template, NULL, &err) != 0)
		return "malformed";
	switch (table_query_expand(
	    query, template, key, double_quotes, NULL, &out)) {
	case TABLE_QUERY_READY:
		return buf_str(&out);
	case TABLE_QUERY_NOTHING:
		return "-";
	case TABLE_QUERY_REFUSED:
		break;
	}
	return "!";
}

/* As the only template of its table. */
static const char *
expand_alone(const char *template, const char *key)
{
	(void)begin("");
	return expand(template, key);
}

static const char *
collect_results(const char *key, const char *const *results)
{
	static char text[256];
	struct table_query_answer answer = { 0 };
	struct arena *arena = arena_new();
	struct table_value value = { 0 };
	bool fine = true;

	for (; fine && *results != NULL; results++)
		fine = table_query_collect(query, &answer, key, *results);
	(void)snprintf(text, sizeof text, "%s%s", fine ? "" : "limit: ",
	    table_query_finish(&answer, arena, &value) == TABLE_FOUND
		? value.text
		: "-");
	arena_free(arena);
	return text;
}

static void
test_keys(void)
{
	is(expand_alone("'%s'", "o'x@d"), "'o''x@d'", "%%s is quoted");
	is(expand_alone("%u|%d", "u@v@d.e"), "u@v|d.e", "%%u, %%d");
	is(expand_alone("%U|%D|%S", "u@d"), "u|d|u@d", "%%U, %%D, %%S");
	is(expand_alone("%u", "word"), "word", "%%u of a word");
	is(expand_alone("%d", "word"), "-", "%%d of a word");
	is(expand_alone("%d", "u@"), "-", "%%d without a domain");
	is(expand_alone("%u", "@d"), "-", "%%u without a user");
	is(expand_alone("%s", "@d"), "@d", "%%s needs neither");
	is(expand_alone("%1.%2.%3", "u@mail.example.com"), "com.example.mail",
	    "labels of the domain");
	is(expand_alone("%3", "u@example.com"), "-", "too few labels");
	is(expand_alone("%2", "u@a..b"), "a", "an empty label is none");
	is(expand_alone("%1", "word"), "-", "no labels");
	is(expand_alone("100%% %s", "k"), "100% k", "%%%%");
	is(expand_alone("%s", "a!b"), "!", "what cannot be quoted");
	is(expand_alone("%x", "k"), "malformed", "an unknown letter");
	is(expand_alone("%0", "k"), "malformed", "label 0");
	is(expand_alone("%s %", "k"), "malformed", "nothing behind the %%");
	is(expand_alone("", "k"), "", "an empty template");
	(void)begin("result_format = %s %D");
	is(expand("%s", "word"), "-",
	    "a key that the result format needs more of is not asked for");
	is(expand("%s", "u@d"), "u@d", "and one that has it is");
}

static void
test_results(void)
{
	const char *const two[] = { "a@x", "b", NULL };
	const char *const odd[] = { "", "@x", "v@", "w@y", NULL };

	(void)begin("");
	is(collect_results("k", two), "a@x,b", "results are joined");
	is(collect_results("k", two + 2), "-", "no result");
	(void)begin("result_format = smtp:[%d]/%u\n");
	is(collect_results("k", two), "smtp:[x]/a",
	    "a result without domain is skipped");
	is(collect_results("k", odd), "smtp:[y]/w", "so are halves");
	is(collect(),
	    "warning: table \"sql:q.cf\": empty lookup result for: \"k\" -- "
	    "ignored\n",
	    "and an empty one, with a warning");
	(void)begin("result_format = %s=%S,%U,%D,%1,%%\n");
	is(collect_results("u@d.e", two + 1), "b=u@d.e,u,d.e,e,%",
	    "capitals are of the key");
	(void)begin("result_filter = <%s>\n");
	is(collect_results("k", two), "<a@x>,<b>", "the older name");
	(void)begin("expansion_limit = 2\n");
	is(collect_results("k", two), "a@x,b", "as many as the limit");
	(void)begin("expansion_limit = 1\n");
	is(collect_results("k", two), "limit: a@x,b", "and more");
}

/* -1: a failure without a reason. */
static int
admits(const char *key)
{
	struct arena *arena = arena_new();
	struct table_value value = { 0 };
	enum table_status status =
	    table_query_admits(query, arena, key, &value);

	arena_free(arena);
	return (value.text != NULL) == (status == TABLE_FAILED) ? (int)status
								: -1;
}

static void
test_domain(void)
{
	(void)begin("domain = example.com, static:{\n");
	ok(admits("u@example.com") == TABLE_FOUND, "a domain of the list");
	ok(admits("u@example.net") == TABLE_FAILED,
	    "a list that cannot be asked");
	ok(admits("example.com") == TABLE_NONE,
	    "a bare domain is not asked for");
	ok(admits("@example.com") == TABLE_NONE, "nor @domain");
	(void)begin("domain = example.com\n");
	ok(admits("u@example.net") == TABLE_NONE, "nor another domain");
	ok(admits("u@a.example.com") == TABLE_NONE, "nor a sub-domain");
	(void)begin("");
	ok(admits("word") == TABLE_FOUND, "no list");
	is(expand("%d", "word"), "-", "but a template");
	ok(admits("word") == TABLE_NONE, "that needs more of the key");
	(void)collect();
}

static const char *
sql(const char *text, bool function)
{
	static struct err err;
	const char *built;

	err.text[0] = '\0';
	(void)begin(text);
	built = table_query_sql(settings, function, &err);
	cut(err.text, tables_dir);
	return built != NULL ? built : err.text;
}

static void
test_sql(void)
{
	is(sql("query = SELECT $a\n  FROM b\nselect_function = f", true),
	    "SELECT $a  FROM b", "a query; a $ is a $ in a file");
	is(sql("query =\nselect_function = f", true), "SELECT f('%s')",
	    "a function");
	is(sql("select_function = f", false),
	    "/q.cf: bad string length 0 < 1: table = ", "where there are none");
	is(sql("table = t\nselect_field = f\nwhere_field = w\n", true),
	    "SELECT f FROM t WHERE w='%s' ", "the older parameters");
	is(sql("table = t\nselect_field = f\nwhere_field = w\n"
	       "additional_conditions = AND x\n",
	       true),
	    "SELECT f FROM t WHERE w='%s' AND x", "and a condition");
	is(sql("table = t\nselect_field =\n", true),
	    "/q.cf: bad string length 0 < 1: select_field = ", "an empty one");
}

static void
test_settings(void)
{
	struct table_opening opening = { .name = "old" };
	struct err err = { "" };
	bool flag = false;
	int n = 7;

	is(begin("result_format = %x"),
	    "db_common_parse: /q.cf: Invalid result template: %x",
	    "a malformed format");
	is(begin("result_format ="),
	    "/q.cf: bad string length 0 < 1: result_format = ", "an empty one");
	is(begin("expansion_limit = many"),
	    "/q.cf: bad numerical configuration: expansion_limit = many",
	    "no number");
	is(begin("expansion_limit = -1"),
	    "/q.cf: bad numerical configuration: expansion_limit = -1",
	    "a number below the least");
	finish();
	opening.name = path_of("nope.cf");
	ok(table_settings_open(&opening, &err) == NULL &&
		strstr(err.text, "nope.cf: No such file") != NULL,
	    "no file: %s", err.text);
	opening.name = "old";
	opening.conf = conf_parse("main.cf",
	    "x = y\nold_hosts = a, $x b\nold_flag = yes\nold_n = 5\n",
	    (const struct param_table *const[]){ NULL }, &err);
	settings = table_settings_open(&opening, &err);
	is(table_settings_words(settings, "hosts", "")[1], "y",
	    "main.cf: values are expanded");
	ok(table_settings_flag(settings, "flag", &flag, &err) == 0 && flag,
	    "yes");
	ok(table_settings_count(settings, "n", 1, &n, &err) == 0 && n == 5,
	    "a number");
	ok(table_settings_text(settings, "none", NULL) == NULL, "not set");
	ok(table_settings_flag(settings, "hosts", &flag, &err) != 0, "%s",
	    err.text);
	finish();
	conf_free(opening.conf);
}

int
main(void)
{
	tables_begin();
	test_keys();
	test_results();
	test_domain();
	test_sql();
	test_settings();
	finish();
	return tables_end();
}

/* main.cf: what is written, and what it says once it is expanded. */
#include "base/conf.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "t/tap.h"

static const struct param_table *const tables[] = { &base_params_table, NULL };
static struct arena *arena;

static struct conf *
parse(const char *text)
{
	struct err err = { 0 };
	struct conf *conf = conf_parse("main.cf", text, tables, &err);

	if (conf == NULL)
		printf("# %s\n", err.text);
	return conf;
}

static void
value(const char *text, const char *name, const char *want)
{
	struct err err = { 0 };
	struct conf *conf = parse(text);
	const char *got =
	    conf != NULL ? conf_get(conf, name, arena, &err) : NULL;

	ok(got != NULL && strcmp(got, want) == 0, "%s is \"%s\"", name, want);
	if (got == NULL || strcmp(got, want) != 0)
		printf("# \"%s\" %s\n", got != NULL ? got : "", err.text);
	conf_free(conf);
}

static void
refused(const char *text, const char *why)
{
	struct err err = { 0 };
	struct conf *conf = conf_parse("main.cf", text, tables, &err);
	const char *got = NULL;

	if (conf != NULL)
		got = conf_get(conf, "a", arena, &err);
	ok(got == NULL && strstr(err.text, why) != NULL, "refused: %s", why);
	if (got != NULL || strstr(err.text, why) == NULL)
		printf("# \"%s\" %s\n", got != NULL ? got : "", err.text);
	conf_free(conf);
}

static void
test_syntax(void)
{
	value("a = b\n", "a", "b");
	value("a=b", "a", "b");
	value("a \t= \t b  c \t\n", "a", "b  c");
	value("a = b\n   c\n# x\n\n  # y\n\td\n", "a", "b   c\td");
	value("# x\n \n  #a = c\na = b # c\n", "a", "b # c");
	value("  a = c\nb = d\n", "a", "");
	value("a =\n b\n", "a", "b");
	value("a =\nb = c\n", "a", "");
	value("a = b = c\n", "a", "b = c");
	value("odd-name.1 = x\n", "odd-name.1", "x");
	value("a = 1\na = 2\n", "a", "2");
	value("a = b\r\n c\r\nd = e\r\n", "a", "b\r c");
	value("a = b\r\nd = e\r\n", "d", "e");
}

static void
test_expansion(void)
{
	static const char head[] = "n = v\ne =\nee = $e\nnn = $n$n\n";
	static const char *const cases[][2] = {
		{ "$n/${n}/$(n)", "v/v/v" },
		{ "$nn", "vv" },
		{ "$$n $$", "$n $" },
		{ "[$undefined_name]", "[]" },
		{ "[${n?x}${n:y}]", "[x]" },
		{ "[${e?x}${e:y}]", "[y]" },
		{ "[${ee?set}${ee:unset}]", "[set]" },
		{ "[${n?{ x }}][${n ? { x } : { y }}][${n ? z}]",
		    "[ x ][ x ][ z]" },
		{ "[${e?{x}:{y}}][${e?{x}: y}]", "[y][ y]" },
		{ "[${{ v } == {$n}}][${{$n} == {v}}]", "[][true]" },
		{ "[${{007} == {7}}][${{-1} == {-1.0}}]", "[true][]" },
		{ "[${{3.9}<{3.10}}][${{9}<{10}}]", "[][true]" },
		{ "[${{}<{5}}][${{ 7}=={7}}]", "[true][]" },
		{ "${{3.9} <level {3.10} ? {old} : {new}}", "old" },
		{ "${{3} >=level {3.6} ? {new} : {old}}", "old" },
		{ "${{$compatibility_level} <level {3.6}?{x}:{y}}", "y" },
		{ "a-$n-b", "a-v-b" },
		{ "${n?${n?${n?deep}}}", "deep" },
	};
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_reset(&text);
		buf_printf(&text, "%sa = %s\n", head, cases[i][0]);
		value(buf_str(&text), "a", cases[i][1]);
	}
	buf_free(&text);
}

/* Hostile row 137. */
static void
test_refused(void)
{
	struct buf text = { 0 };
	struct err err = { 0 };
	char path[64], dir[] = "/tmp/weir-conf-XXXXXX";
	struct conf *conf;
	int fd;

	refused("a\n", "main.cf:1: missing '=' after attribute name: \"a\"");
	refused("b = 1\n\n= 3\n", "main.cf:3: missing attribute name");
	refused("a = $b\nb = $a\n", "unreasonable macro call nesting");
	refused("b=1\na = $a\n", "main.cf:2: a: unreasonable");
	refused("a = ${x\n", "main.cf:1: a: truncated macro reference");
	refused("a = x $ y\n", "empty macro name");
	refused("a = ${{1} = {1}}\n", "relational operator expected");
	refused("a = ${{1} =={1} x}\n", "junk behind a comparison");
	refused("a = ${na me}\n", "attribute name followed by junk");
	refused("a = ${{x} <level {3}}\n", "malformed compatibility level");
	refused("a = ${{99999999999999999999} > {5}}\n", "too large");
	for (int i = 0; i < 40; i++)
		buf_printf(&text, "a%d = $a%d$a%d\n", i, i + 1, i + 1);
	buf_puts(&text, "a = $a0\n");
	refused(buf_str(&text), "unreasonable macro expansion");

	buf_reset(&text);
	buf_puts(&text, "b = 1\na = ");
	for (int i = 0; i < 1 << 20; i++)
		buf_putc(&text, 'x');
	refused(buf_str(&text), "main.cf:2: value too long");
	buf_free(&text);

	ok(mkdtemp(dir) != NULL, "a directory");
	(void)snprintf(path, sizeof path, "%s/main.cf", dir);
	conf = conf_read(dir, tables, &err);
	ok(conf == NULL && strstr(err.text, path) != NULL &&
		strstr(err.text, "No such file") != NULL,
	    "no file: %s", err.text);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ok(write(fd, "b = 2\na = x\0y\n", 14) == 14, "a file with a NUL");
	conf = conf_read(dir, tables, &err);
	ok(conf == NULL && strstr(err.text, "main.cf:2: a NUL") != NULL, "%s",
	    err.text);
	(void)close(fd);
	(void)unlink(path);
	(void)rmdir(dir);
}

/* F-140 to F-143, F-144, F-145. */
static void
test_identity(void)
{
	char host[256] = "";
	char want[600];
	struct conf *conf, *view;
	struct origin origin = { "master.cf", 3 };
	struct conf_value found;

	ok(gethostname(host, sizeof host - 1) == 0, "the host has a name");
	(void)snprintf(want, sizeof want, "%s%s", host,
	    strchr(host, '.') != NULL ? "" : ".example.com");
	value("mydomain = example.com\n", "myhostname", want);
	value(
	    "myhostname = mail.ny.example.com\n", "mydomain", "ny.example.com");
	value("myhostname = mail\n", "mydomain", "localdomain");
	value("myhostname = a.b\nmydomain = c\n", "mydomain", "c");
	value("myhostname = a.b\n", "myorigin", "a.b");
	value("myhostname = a.b\n", "mydestination",
	    "a.b, localhost.b, localhost");
	value("mynetworks = 10.0.0.0/8\nmynetworks_style = host\n",
	    "mynetworks", "10.0.0.0/8");
	value("inet_interfaces = 127.0.0.1\n", "mynetworks", "127.0.0.1/32");
	value("compatibility_level = 0\ninet_interfaces = 127.0.0.1\n",
	    "mynetworks", "127.0.0.0/8");
	value("inet_interfaces = loopback-only\ninet_protocols = ipv4\n",
	    "mynetworks", "127.0.0.1/32");
	conf = parse("");
	ok(base_params_qualified(conf) == (strchr(host, '.') != NULL),
	    "F-143: an unqualified host name is noticed");
	view = conf_view(conf);
	conf_set(view, "myhostname", "x.view.example", origin);
	is(conf_get(view, "mydomain", arena, NULL), "view.example",
	    "a view has computed defaults of its own");
	ok(strcmp(conf_get(conf, "mydomain", arena, NULL), "view.example") != 0,
	    "which its parent does not have");
	ok(conf_find(view, "myhostname", &found) && found.origin.line == 3 &&
		strcmp(found.origin.file, "master.cf") == 0,
	    "the origin is kept");
	conf_free(view);
	conf_free(conf);
}

struct seen {
	enum conf_known known[8];
	const char *names[8];
	size_t n;
};

static void
note(void *arg, const char *name, const struct conf_value *v,
    enum conf_known known)
{
	struct seen *seen = arg;

	(void)v;
	seen->known[seen->n] = known;
	seen->names[seen->n++] = name;
}

static void
test_known(void)
{
	struct conf *conf = parse("myorigin = $mine\nmine = x\nmyclass = y\n"
				  "smtp_cname_overrides_servername = yes\n"
				  "mydestinatoin = z\nfrom_view = q\n");
	struct conf *view = conf_view(conf);
	struct seen seen = { .n = 0 };
	struct origin origin = { "master.cf", 1 };

	conf_used(view, "myclass");
	conf_set(view, "smtpd_client_restrictions", "${x:$from_view}", origin);
	conf_each(conf, note, &seen);
	ok(seen.n == 6, "all names");
	is(seen.names[0], "myorigin", "in order");
	ok(seen.known[0] == CONF_KNOWN, "in a table");
	ok(seen.known[1] == CONF_KNOWN, "referred to");
	ok(seen.known[2] == CONF_KNOWN, "used through a view");
	ok(seen.known[3] == CONF_UNUSED, "Postfix's, without effect");
	ok(seen.known[4] == CONF_UNKNOWN, "a slip of the pen");
	ok(seen.known[5] == CONF_KNOWN, "referred to by an -o");
	is(conf_suggest(conf, "mydestinatoin"), "mydestination", "suggestion");
	is(conf_suggest(conf, "smtpd_reciepient_restrictions"),
	    "smtpd_recipient_restrictions", "one from the known names");
	ok(conf_suggest(conf, "quite_another_thing") == NULL, "no suggestion");
	ok(conf_is_set(conf, "mine") && !conf_is_set(conf, "mydomain"),
	    "set or not");
	conf_free(view);
	conf_free(conf);
}

static void
test_words(void)
{
	const char *p = " a, b,,c\t{ d, {e} }\n inline:{f=g, h=i}x ,}j {k";

	is(conf_word(&p, arena), "a", "word");
	is(conf_word(&p, arena), "b", "word");
	is(conf_word(&p, arena), "c", "empty words are none");
	is(conf_word(&p, arena), "{ d, {e} }", "braces keep together");
	is(conf_word(&p, arena), "inline:{f=g, h=i}x", "within a word too");
	is(conf_word(&p, arena), "}j", "a lone closing brace is a letter");
	is(conf_word(&p, arena), "{k", "an open one takes the rest");
	ok(conf_word(&p, arena) == NULL, "end");
	ok(conf_word(&p, arena) == NULL, "still");
}

static void *
read_it(void *arg)
{
	struct arena *own = arena_new();
	bool same = true;

	for (int i = 0; i < 1000; i++) {
		same = same && strcmp(conf_get(arg, "a", own, NULL), "xx") == 0;
		conf_used(arg, "b");
		arena_reset(own);
	}
	arena_free(own);
	return same ? arg : NULL;
}

static void
test_threads(void)
{
	struct conf *conf = parse("a = $b$b\nb = x\n");
	pthread_t threads[4];
	void *result;
	int good = 0;

	for (int i = 0; i < 4; i++)
		good += pthread_create(&threads[i], NULL, read_it, conf) == 0;
	for (int i = 0; i < 4; i++)
		good +=
		    pthread_join(threads[i], &result) == 0 && result == conf;
	ok(good == 8, "any thread may read a generation");
	conf_free(conf);
}

/* The last of two values counts, and the log says so. */
static void
test_warning(void)
{
	char path[] = "/tmp/weir-conf-XXXXXX", log[512] = "";
	int fd = mkstemp(path);
	struct event_target target = {
		.name = "weir", .fd = fd, .json_fd = -1
	};

	event_open(&target);
	value("a = 1\nb = 2\na = 3\n c = 4\n", "a", "3 c = 4");
	value(" x\na = 1\n", "a", "1");
	ok(pread(fd, log, sizeof log - 1, 0) > 0, "something is logged");
	ok(strstr(log,
	       "warning: main.cf, line 3: overriding earlier entry: "
	       "a=1\n") != NULL,
	    "a duplicate");
	ok(strstr(log,
	       "warning: main.cf: logical line must not start with "
	       "whitespace: \" x\"\n") != NULL,
	    "a continuation of nothing");
	target.fd = STDERR_FILENO;
	event_open(&target);
	(void)close(fd);
	(void)unlink(path);
}

int
main(void)
{
	arena = arena_new();
	test_syntax();
	test_expansion();
	test_refused();
	test_identity();
	test_known();
	test_words();
	test_threads();
	test_warning();
	arena_free(arena);
	return done_testing();
}

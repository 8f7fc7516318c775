/* Templates of notices: what Postfix takes, what it leaves out with a warning,
 * and where it gives up (bounce(5)).  Q-51. */
#include "queue/bounce_template.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "queue/bounce_text.h"
#include "queue/queue_params.h"
#include "t/tap.h"

static struct arena *arena;
static struct bounce_template t[BOUNCE_TEMPLATE_KINDS];
static struct buf warnings;
static struct err err;

static void
tapped(const char *text)
{
	buf_printf(&warnings, "%s\n", text);
}

static int
parse(const char *text)
{
	buf_reset(&warnings);
	err.text[0] = '\0';
	bounce_template_init(t);
	return bounce_template_parse("b.cf", text, arena, t, true, &err);
}

static const char *
failure(void)
{
	return t[BOUNCE_TEMPLATE_FAILURE].text;
}

static bool
is_built_in(void)
{
	return strcmp(t[BOUNCE_TEMPLATE_FAILURE].file, "[built-in]") == 0;
}

static void
test_parse(void)
{
	const struct bounce_template *f = &t[BOUNCE_TEMPLATE_FAILURE];

	ok(parse("") == 0 && is_built_in() && f->text[0] != '\0' &&
		warnings.len == 0,
	    "nothing: all are built in");
	ok(parse("# c\n \t\n  failure_template=<<  E 1\nCHARSET: utf-8\n"
		 "from : a <b>\nSubject:s \nPostmaster-Subject: p\n\n \n\n"
		 " h\xc3\xa4\nE\n\nE 1\ndelay_template = later\n") == 0,
	    "two templates");
	is(f->charset, "utf-8", "Charset:");
	is(f->from, "a <b>", "From:");
	is(f->subject, "s ", "Subject:, with what is behind it");
	is(f->copy_subject, "p", "Postmaster-Subject:");
	is(f->text, " h\xc3\xa4\nE\n\n",
	    "the text, without empty lines before it");
	ok(f->line == 11, "and where it stands");
	is(t[BOUNCE_TEMPLATE_DELAY].text, "later\n", "a text of one line");
	is(t[BOUNCE_TEMPLATE_DELAY].charset, "us-ascii", "with defaults");
	ok(warnings.len == 0, "no warning");
	ok(parse("failure_template = <<E\n\n\nhi\n\nE\nfailure_template = "
		 "<<E\nho\nE\n") == 0,
	    "twice");
	is(failure(), "ho\n", "the last one counts");
	ok(parse("failure_template = <<E\n: a\nb: c\nE\n") == 0, "no header");
	is(failure(), ": a\nb: c\n", "begins a text");
}

/* Each is left out, or read, with a warning. */
static void
test_warnings(void)
{
	static const struct {
		const char *template, *warning;
	} cases[] = {
		{ "Subject:\n\nx", "empty \"Subject\" header value" },
		{ "Subject: \xe4\n\nx", "non-ASCII \"Subject\" header value" },
		{ "Foo: x\n\nx", "unknown \"Foo\" header label" },
		{ "hello: world\n\nx", "unknown \"hello\" header label" },
		{ "\xe4", "8-bit message text" },
		{ "Charset: US-ASCII\n\n\xe4", "8-bit message text" },
		{ "Subject: x\n\n \n", "missing message text" },
		{ "", "missing message text" },
	};
	char text[256];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		(void)snprintf(text, sizeof text,
		    "failure_template = <<E\n%s\nE\n", cases[i].template);
		ok(parse(text) == 0 && is_built_in() &&
			strstr(buf_str(&warnings), cases[i].warning) != NULL &&
			strstr(buf_str(&warnings), "failure template") != NULL,
		    "warns: %s", cases[i].warning);
	}
	ok(parse("success_template = <<E\nPostmaster-Subject: x\n\nx\nE\n") ==
		    0 &&
		strstr(buf_str(&warnings), "inapplicable") != NULL,
	    "a report of success has no copy");
	ok(parse("a = <<E\nx\nE\nfailure_template = <<E\ny\nE\n") == 0 &&
		strstr(buf_str(&warnings),
		    "b.cf:2: unknown template name: a") != NULL,
	    "a name that is none");
	is(failure(), "y\n", "does not matter to the others");
	ok(parse("\nfailure_template = <<E\ny\nE \n") == 0 &&
		strstr(buf_str(&warnings),
		    "b.cf:2: missing \"E\" end marker") != NULL,
	    "no end");
	is(failure(), "y\nE \n", "it ends with the file");
}

static void
test_errors(void)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "x\n", "b.cf:1: missing '=' after attribute name: \"x\"" },
		{ "\n\n= <<E\n", "b.cf:3: missing attribute name: \"= <<E\"" },
		{ "a = <<\n", "b.cf:1: missing end marker after <<" },
		{ "a = <<'E'\n", "b.cf:1: malformed end marker after <<" },
		{ "a = <<E\nx\nE\nz",
		    "b.cf:4: missing '=' after attribute "
		    "name: \"z\"" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ok(parse(cases[i].text) == -1, "error %zu", i);
		is(err.text, cases[i].why, "%s", cases[i].why);
	}
}

static const struct param_table *const tables[] = { &base_params_table,
	&queue_params_table, NULL };

static const char *
expand(const char *main_cf, const char *text)
{
	struct conf *conf = conf_parse("main.cf", main_cf, tables, &err);
	struct buf file = { 0 };
	const char *result = NULL;

	buf_printf(&file, "failure_template = <<E\n%s\nE\n", text);
	if (parse(buf_str(&file)) == 0)
		result = bounce_text_expand(
		    &t[BOUNCE_TEMPLATE_FAILURE], conf, arena, true, &err);
	buf_free(&file);
	conf_free(conf);
	return result != NULL ? result : "";
}

static void
test_expand(void)
{
	const char *main_cf = "myhostname = xn--mgk-fla.example\n"
			      "delay_warning_time = 90m\nfoo = a $bar\n"
			      "bar = b\nmaximal_queue_lifetime = 3\n";

	is(expand(main_cf, "$myhostname $$x ${foo} $(bar)${bar?{1}:{2}}"),
	    "xn--mgk-fla.example $x a b b1\n", "parameters");
	is(expand(main_cf,
	       "$delay_warning_time_hours $delay_warning_time_minutes "
	       "$maximal_queue_lifetime_days $delay_warning_time"),
	    "1 90 3 90m\n", "times");
	ok(warnings.len == 0, "that suit their units");
	is(expand(main_cf, "$delay_warning_time_days"), "0\n", "too small");
	ok(strstr(buf_str(&warnings),
	       "b.cf: zero result in failure template conversion of parameter "
	       "\"delay_warning_time_days\"") != NULL &&
		strstr(buf_str(&warnings), "please reduce time unit \"days\""),
	    "with advice");
	is(expand(main_cf, "$maximal_queue_lifetime_seconds"), "259200\n",
	    "too large");
	ok(strstr(buf_str(&warnings),
	       "excessive result \"259200\" in failure template") != NULL,
	    "with advice");
	is(expand(main_cf, "x\n\n$nothing"), "", "a name that nobody defines");
	is(err.text, "b.cf:4: undefined $name in failure template: $nothing",
	    "where");
	is(expand(main_cf, "${bar\n}"), "", "a name that does not end");
	is(err.text, "b.cf:2: bad $name syntax in failure template: ${bar",
	    "where");
}

static void
test_load(void)
{
	struct conf *conf = conf_parse("main.cf",
	    "myorigin = o.example\nmyhostname = h.example\n"
	    "bounce_template_file = /b.cf\n",
	    tables, &err);

	ok(bounce_text_load(conf, arena, t, true, &err) == 0 && is_built_in() &&
		strstr(failure(), "at host h.example.") != NULL,
	    "without the file, what is built in");
	is(t[BOUNCE_TEMPLATE_FAILURE].from,
	    "Mail Delivery System <MAILER-DAEMON@o.example>", "From:");
	conf_attach(conf, "bounce_template_file",
	    "failure_template = <<E\nFrom: \"a b\"@x, c (d)\n\nx\nE\n");
	ok(bounce_text_load(conf, arena, t, true, &err) == 0, "with it");
	is(t[BOUNCE_TEMPLATE_FAILURE].from, "\"a b\"@x, c@o.example (d)",
	    "its addresses are completed");
	is(failure(), "x\n", "its text");
	conf_attach(conf, "bounce_template_file",
	    "failure_template = <<E\nx $nothing\nE\n");
	ok(bounce_text_load(conf, arena, t, true, &err) == -1 && is_built_in(),
	    "a mistake: all are built in");
	is(err.text, "/b.cf:2: undefined $name in failure template: x $nothing",
	    "why");
	conf_free(conf);
	conf = conf_parse(
	    "main.cf", "myhostname = xn--mgk-fla.example\n", tables, &err);
	ok(bounce_text_load(conf, arena, t, true, &err) == 0 &&
		strstr(failure(), "mgk-fla") != NULL,
	    "A-labels, where nobody has said that SMTPUTF8 is wanted");
	conf_free(conf);
	conf = conf_parse("main.cf",
	    "myhostname = xn--mgk-fla.example\nsmtputf8_enable = yes\n", tables,
	    &err);
	ok(bounce_text_load(conf, arena, t, true, &err) == 0 &&
		strstr(failure(), "mg\xc3\xa1k.example") != NULL,
	    "U-labels, where somebody has");
	is(t[BOUNCE_TEMPLATE_FAILURE].charset, "utf-8", "which are no ASCII");
	conf_free(conf);
}

int
main(void)
{
	arena = arena_new();
	event_open(&(struct event_target){ .name = "t",
	    .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
	    .json_fd = -1 });
	event_tap(tapped);
	test_parse();
	test_warnings();
	test_errors();
	test_expand();
	test_load();
	event_tap(NULL);
	buf_free(&warnings);
	arena_free(arena);
	return done_testing();
}

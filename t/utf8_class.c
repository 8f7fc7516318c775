/* utf8_class.c - test of rules/utf8_class.c. */
#include "rules/utf8_class.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "t/tap.h"

static struct arena *arena;
static struct err err;

static unsigned
classes(const char *main)
{
	static const struct param_table *const tables[] = { NULL };
	struct conf *conf = conf_parse("main.cf", main, tables, &err);
	unsigned result;

	err.text[0] = '\0';
	result = utf8_class_read(conf, arena, &err);
	conf_free(conf);
	return result;
}

int
main(void)
{
	arena = arena_new();
	ok(classes("smtputf8_enable = yes\n"
		   "smtputf8_autodetect_classes = sendmail,verify\n") ==
		(UTF8_CLASS_SENDMAIL | UTF8_CLASS_VERIFY),
	    "two classes");
	ok((classes("smtputf8_enable = yes\n"
		    "smtputf8_autodetect_classes = all\n") &
	       UTF8_CLASS_BOUNCE) != 0,
	    "all of them");
	ok(classes("smtputf8_enable = no\n"
		   "smtputf8_autodetect_classes = all\n") == 0 &&
		err.text[0] == '\0',
	    "none without SMTPUTF8");
	ok(classes("smtputf8_enable = yes\nsmtputf8_autodetect_classes = "
		   "smtpd cleanup\n") == UTF8_CLASS_SMTPD,
	    "a name that means nothing is left out");
	is(err.text, "smtputf8_autodetect_classes: unknown class \"cleanup\"",
	    "and said");
	ok(classes("smtputf8_enable = yes\n") == 0, "nothing is set");
	ok(utf8_class_wants("a\xc3", 2) && !utf8_class_wants("a\xc3", 1) &&
		!utf8_class_wants("", 0),
	    "what needs SMTPUTF8");
	arena_free(arena);
	return done_testing();
}

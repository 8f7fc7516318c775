/* master.cf: services and their options. */
#include "base/master.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/err.h"
#include "t/tap.h"

static const struct param_table *const tables[] = { &base_params_table, NULL };

/* F-100 to F-116, D-45. */
static const char good[] =
    "# service type  private unpriv  chroot  wakeup  maxproc command\n"
    "smtp      inet  n       -       n       -       -       smtpd\n"
    "  # a comment within\n"
    "\n"
    "  -o smtpd_banner=$myhostname\n"
    "  -o { smtpd_helo_restrictions = permit_mynetworks, reject }\n"
    "  -o empty= -v -vv -D\n"
    "127.0.0.1:10025 inet n y y 0 10 smtpd -o a=b=c\n"
    "[::1]:465 inet n n n 60? 0 smtpd\n"
    ":10026 inet n - n - - pickup\n"
    "pickup    fifo  n       -       n       60      1       pickup\n"
    "rewrite   unix  -       -       n       -       -       trivial-rewrite\n"
    "postlog   unix-dgram n  -       n       -       1       postlogd\n"
    "smtpd     pass  -       -       n       -       -       smtpd\n"
    "maildrop  unix  -       n       n       -       -       pipe\n"
    "  flags=DRhu user=vmail:vmail argv=/usr/bin/maildrop -o x -d\n"
    "  ${recipient} { a word } {{braces}}\n"
    "qmgr unix n - n 300 1 qmgr -l -n x\n";

static void
test_good(void)
{
	struct arena *arena = arena_new();
	struct master master;
	const struct master_service *s;
	struct err err = { 0 };
	struct conf *conf, *view;

	ok(master_parse("master.cf", good, arena, &master, &err) == 0, "%s",
	    err.text);
	ok(master.count == 10, "every service");
	s = master_find(&master, MASTER_INET, "smtp");
	ok(s != NULL && s->origin.line == 2, "with its line");
	if (s == NULL)
		return;
	is(s->private, "n", "private");
	is(s->unpriv, "-", "unpriv");
	is(s->wakeup, "-", "wakeup");
	ok(s->maxproc == -1, "default maxproc");
	ok(s->noptions == 3, "options");
	is(s->options[1].name, "smtpd_helo_restrictions", "name in { }");
	is(s->options[1].value, "permit_mynetworks, reject", "value in { }");
	is(s->options[2].value, "", "-o name= is empty (F-111)");
	ok(s->verbose == 3 && s->debug, "-v -vv -D (F-110)");
	ok(s->args[0] == NULL, "no other words");

	s = master_find(&master, MASTER_INET, "127.0.0.1:10025");
	ok(s != NULL && s->maxproc == 10, "maxproc");
	is(s != NULL ? s->options[0].value : "", "b=c", "first = counts");
	s = master_find(&master, MASTER_INET, "[::1]:465");
	ok(s != NULL && s->maxproc == 0, "0: no limit (F-109)");
	is(s != NULL ? s->wakeup : "", "60?", "wakeup 60? (F-108)");
	ok(master_find(&master, MASTER_INET, ":10026") != NULL, ":port, T-19");
	ok(master_find(&master, MASTER_FIFO, "pickup") != NULL, "fifo");
	ok(master_find(&master, MASTER_PASS, "smtpd") != NULL, "pass");
	ok(master_find(&master, MASTER_UNIX_DGRAM, "postlog") != NULL, "dgram");
	ok(master_find(&master, MASTER_UNIX, "smtp") == NULL, "type counts");

	s = master_find(&master, MASTER_UNIX, "maildrop");
	ok(s != NULL && s->noptions == 0, "-o behind argv= is not ours");
	if (s != NULL) {
		is(s->args[0], "flags=DRhu", "arguments (F-112)");
		is(s->args[4], "x", "in order");
		is(s->args[6], "${recipient}", "as written");
		is(s->args[7], "a word", "{ } keeps blanks");
		is(s->args[8], "{braces}", "one pair is taken off");
		ok(s->args[9] == NULL, "end");
	}
	conf = conf_parse("main.cf", "a = 1\nempty = 2\n", tables, &err);
	view = master_view(master_find(&master, MASTER_INET, "smtp"), conf);
	is(conf_get(view, "empty", arena, &err), "", "-o wins");
	is(conf_get(view, "a", arena, &err), "1", "over main.cf only");
	is(conf_get(conf, "empty", arena, &err), "2", "for its service only");
	conf_free(view);
	conf_free(conf);
	arena_free(arena);
}

static void
refused(const char *text, const char *why)
{
	struct arena *arena = arena_new();
	struct master master;
	struct err err = { 0 };
	int status = master_parse("master.cf", text, arena, &master, &err);

	ok(status == -1 && strstr(err.text, why) == err.text, "%s", why);
	if (strstr(err.text, why) != err.text)
		printf("# %s\n", err.text);
	arena_free(arena);
}

/* Hostile row 137. */
static void
test_refused(void)
{
	refused("smtp inet n - n - -\n", "master.cf:1: no \"command\" field");
	refused("\nsmtp\n", "master.cf:2: no \"transport type\" field");
	refused("smtp tcp n - n - - x\n",
	    "master.cf:1: bad transport type: \"tcp\"");
	refused("smtp inet yes - n - - x\n",
	    "master.cf:1: field \"private\" must be y, n or -: \"yes\"");
	refused("smtp inet n x n - - x\n",
	    "master.cf:1: field \"unprivileged\" must be");
	refused(
	    "smtp inet n - q - - x\n", "master.cf:1: field \"chroot\" must be");
	refused("smtp inet n - n ? - x\n", "master.cf:1: bad wakeup field");
	refused("smtp inet n - n -1 - x\n", "master.cf:1: bad wakeup field");
	refused("smtp inet n - n - x x\n", "master.cf:1: bad maxproc field");
	refused("smtp inet n - n - 99999999999 x\n",
	    "master.cf:1: bad maxproc field");
	refused("h: inet n - n - - x\n", "master.cf:1: no port in endpoint");
	refused("../x unix n - n - - x\n", "master.cf:1: bad endpoint name");
	refused(
	    "x unix n - n - - /bin/sh\n", "master.cf:1: a command has no path");
	refused("x unix n - n - - y -o\n",
	    "master.cf:1: option -o without a value");
	refused("x unix n - n - - y -o a = b\n",
	    "master.cf:1: missing '=' after attribute name: \"a\"");
	refused("x unix n - n - - y -o =b\n",
	    "master.cf:1: missing attribute name");
	refused("x unix n - n - - y -o {a b = c}\n",
	    "master.cf:1: missing '=' after attribute name");
	refused(
	    "x unix n - n - - y -o { a = b\n", "master.cf:1: unbalanced {}");
	refused("x unix n - n - - y {a}b\n", "master.cf:1: unbalanced {}");
}

static void
test_duplicate(void)
{
	struct arena *arena = arena_new();
	struct master master;
	struct err err = { 0 };

	ok(master_parse("master.cf",
	       "a unix - - - - 1 x\nb unix - - - - 1 x\na unix - - - - 2 y\n",
	       arena, &master, &err) == 0,
	    "a duplicate is not fatal");
	ok(master.count == 2 && master.services[0].maxproc == 2,
	    "the last entry counts");
	ok(master_read("/nonexistent/master.cf", arena, &master, &err) == -1 &&
		strstr(err.text, "No such file") != NULL,
	    "%s", err.text);
	arena_free(arena);
}

int
main(void)
{
	test_good();
	test_refused();
	test_duplicate();
	return done_testing();
}

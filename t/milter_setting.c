/* smtpd_milters and what belongs to it, as it is written. */
#include "proxy/milter_setting.h"

#include <string.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "proxy/proxy_params.h"
#include "t/tap.h"

static struct arena *arena;
static struct proxy_params params;
static struct err err;

/* main.cf: ${text}. */
static struct milter_setting_all *
open_all(struct conf **conf, const char *text)
{
	static const struct param_table *const tables[] = { &base_params_table,
		&proxy_params_table, NULL };
	struct err no = { 0 };

	err = (struct err){ 0 };
	*conf = conf_parse("main.cf", text, tables, &no);
	if (*conf == NULL ||
	    param_load(&proxy_params_table, *conf, arena, &params, &no) != 0)
		printf("Bail out! %s\n", no.text);
	return milter_setting_open(
	    &params, "smtpd_milters", *conf, arena, &err);
}

static void
good(void)
{
	struct conf *conf;
	struct milter_setting_all *all = open_all(&conf,
	    "queue_directory = /q\n"
	    "smtpd_milters = inet:localhost:1, { unix:a/b, "
	    "connect_timeout=5s, { default_action = accept }, protocol=4 "
	    "}\n inet6:[::1]:2 local:/c\n"
	    "milter_protocol = 6 no_header_reply\n"
	    "milter_default_action = quarantine\n"
	    "milter_macro_defaults = a=1, {b}=2 { {c}=3 4 }\n");
	const struct milter_setting *m = all->list.items;

	is(err.text, "", "no complaint");
	ok(all->list.count == 4 && !all->list.bad, "four milters");
	is(m[0].name, "inet:localhost:1", "a name");
	is(m[1].endpoint, "unix:/q/a/b", "a socket below queue_directory");
	is(m[2].endpoint, "inet:[::1]:2", "Sendmail's inet6:");
	is(m[3].endpoint, "unix:/c", "local:");
	ok(m[1].connect_timeout == 5 * CLOCK_SECOND &&
		m[1].action == MILTER_SETTING_ACCEPT && m[1].version == 4 &&
		m[1].steps == 0x37f,
	    "settings of its own");
	ok(m[2].connect_timeout == 30 * CLOCK_SECOND &&
		m[2].content_timeout == 300 * CLOCK_SECOND &&
		m[2].action == MILTER_SETTING_QUARANTINE && m[2].version == 6 &&
		m[2].steps == 0x1fffff,
	    "those of all");
	is(all->defaults[0], "a", "a macro");
	is(all->defaults[3], "2", "another one's value");
	is(all->defaults[4], "{c}", "one in braces");
	is(all->defaults[5], "3 4", "and its value");
	ok(all->defaults[6] == NULL, "no more");
	ok(!milter_setting_idle(all), "there is something to do");
	milter_setting_close(all);
	conf_free(conf);
}

static void
bad(const char *text, const char *want)
{
	struct conf *conf;
	struct milter_setting_all *all = open_all(&conf, text);

	ok(strstr(err.text, want) != NULL, "%s", want);
	if (strstr(err.text, want) == NULL)
		printf("# %s\n", err.text);
	ok(!milter_setting_idle(all) || strstr(text, "smtpd_milters") == NULL,
	    "it is not as if there were none");
	milter_setting_close(all);
	conf_free(conf);
}

int
main(void)
{
	struct milter_setting_all *all;
	struct conf *conf;

	arena = arena_new();
	good();
	bad("x = y\nsmtpd_milters = foo:bar\n",
	    "main.cf:2: smtpd_milters: invalid transport name: foo in");
	bad("smtpd_milters = 8891\n",
	    "main.cf:1: smtpd_milters: need service transport:endpoint");
	bad("smtpd_milters = inet:a:1, { inet:a:1, timeout=3 }\n",
	    "unexpected attribute name: \"timeout\"");
	bad("smtpd_milters = { inet:a:1, default_action=perhaps }\n",
	    "bad value: default_action=perhaps");
	bad("smtpd_milters = { inet:a:1, protocol=5 }\n",
	    "bad value: protocol=5");
	bad("smtpd_milters = { inet:a:1, connect_timeout=0 }\n",
	    "bad value: connect_timeout=0");
	bad("smtpd_milters = { inet:a:1, accept }\n",
	    "missing '=' after attribute name: \"accept\"");
	bad("smtpd_milters = { }\n", "empty milter definition: \"{ }\"");
	bad("smtpd_milters = foo:1 bar:2\n",
	    "\nmain.cf:1: smtpd_milters: invalid transport name: bar");
	bad("smtpd_milters = inet:a:1\nmilter_protocol = 5\n",
	    "bad value: milter_protocol = 5");
	bad("smtpd_milters = inet:a:1\nmilter_default_action = x\n",
	    "bad value: milter_default_action = x");
	bad("milter_macro_defaults = x\n",
	    "malformed default macro entry: \"x\"");
	all = open_all(&conf, "");
	ok(milter_setting_idle(all), "by default there is nothing to do");
	is(err.text, "", "and nothing to complain about");
	milter_setting_close(all);
	conf_free(conf);
	arena_free(arena);
	return done_testing();
}

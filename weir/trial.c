/* trial.c - see trial.h. */
#include "weir/trial.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/conf.h"
#include "base/dns.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/checks_params.h"
#include "checks/live.h"
#include "checks/script.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"

static int
add_setting(struct trial *t, char *setting)
{
	char **more;

	if (strchr(setting, '=') == NULL || setting[0] == '=')
		return -1;
	more = realloc(t->set, (t->nset + 1) * sizeof *more);
	if (more == NULL)
		fatal("out of memory");
	more[t->nset++] = setting;
	t->set = more;
	return 1;
}

int
trial_option(struct trial *t, int argc, char **argv, int *i)
{
	const char *word = argv[*i];
	bool setting = strcmp(word, "-o") == 0;
	const char **value;

	if (strcmp(word, "-j") == 0) {
		t->json = true;
		return 1;
	}
	if (strcmp(word, "-c") == 0)
		value = &t->dir;
	else if (strcmp(word, "--dns") == 0)
		value = &t->dns;
	else if (strcmp(word, "--world") == 0)
		value = &t->script;
	else if (setting)
		value = NULL;
	else
		return 0;
	if (*i + 1 == argc)
		return -1;
	(*i)++;
	if (setting)
		return add_setting(t, argv[*i]);
	*value = argv[*i];
	return 1;
}

int
trial_fail(const struct trial *t, int status, const char *format, ...)
{
	struct arena *arena = arena_new();
	va_list ap;

	(void)fflush(stdout);
	va_start(ap, format);
	(void)fprintf(stderr, "%s: fatal: %s\n", t->name,
	    arena_vprintf(arena, format, ap));
	va_end(ap);
	arena_free(arena);
	return status;
}

int
trial_end(const struct trial *t, int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return trial_fail(t, EX_IOERR, "write error on output");
	return status;
}

void
trial_begin(const struct trial *t)
{
	event_open(&(struct event_target){
	    .name = t->name, .fd = STDERR_FILENO, .json_fd = -1, .plain = 1 });
}

/* What stands in main.cf, or, where there need not be one, the defaults. */
static struct conf *
read_conf(const struct trial *t, struct err *err)
{
	const char *dir = t->dir != NULL ? t->dir : cmd_options_default_dir();
	struct arena *arena = arena_new();
	const char *path = arena_printf(arena, "%s/main.cf", dir);
	struct conf *conf;

	if (t->bare && t->dir == NULL && secure_getenv("MAIL_CONFIG") == NULL &&
	    access(path, F_OK) != 0)
		conf = conf_parse(path, "", generation_tables(), err);
	else
		conf = conf_read(dir, generation_tables(), err);
	arena_free(arena);
	return conf;
}

/* ${n} octets of ${text} without the blanks around them. */
static const char *
trim(struct arena *arena, const char *text, size_t n)
{
	for (; n > 0 && isspace((unsigned char)*text); n--)
		text++;
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	return arena_strndup(arena, text, n);
}

/* "-o name=value": on top of main.cf. */
static void
overlay(struct trial *t)
{
	for (size_t i = 0; i < t->nset; i++) {
		const char *equals = strchr(t->set[i], '=');

		conf_set(t->conf,
		    trim(t->arena, t->set[i], (size_t)(equals - t->set[i])),
		    trim(t->arena, equals + 1, strlen(equals + 1)),
		    (struct origin){ "command line", 1 });
	}
}

/* As a server does. */
static int
open_live(struct trial *t, struct arena *arena)
{
	struct base_params base;
	struct checks_params checks;
	struct live_settings live = { 0 };
	struct dns_settings dns;
	struct err err = { "" };

	if (param_load(&base_params_table, t->conf, arena, &base, &err) != 0 ||
	    param_load(&checks_params_table, t->conf, arena, &checks, &err) !=
		0)
		return trial_fail(t, EX_CONFIG, "%s", err.text);
	dns = (struct dns_settings){
		.servers = t->dns != NULL ? t->dns : base.weir_dns_servers,
		.hosts = base.weir_hosts_file,
	};
	if (dns_open(&dns, &err) != 0)
		return trial_fail(t, EX_UNAVAILABLE, "%s", err.text);
	live.policy = (struct policy_client_settings){
		.max_idle = checks.smtpd_policy_service_max_idle,
		.max_ttl = checks.smtpd_policy_service_max_ttl,
		.request_limit = checks.smtpd_policy_service_request_limit,
		.directory = arena_strdup(t->arena, base.queue_directory),
	};
	live.fresh_memory = !t->later;
	live.memory_passes = t->later;
	t->world = live_open(&live);
	return EX_OK;
}

static int
open_world(struct trial *t)
{
	struct err err = { "" };
	struct arena *arena;
	int status;

	if (t->script != NULL) {
		t->world = script_open(t->script, &err);
		if (t->world == NULL)
			return trial_fail(t, EX_NOINPUT, "%s", err.text);
		if (t->later)
			script_pass(t->world);
		return EX_OK;
	}
	arena = arena_new();
	status = open_live(t, arena);
	arena_free(arena);
	return status;
}

int
trial_read(struct trial *t)
{
	struct err err = { "" };

	t->read = read_conf(t, &err);
	if (t->read == NULL)
		return trial_fail(t, EX_CONFIG, "%s", err.text);
	t->arena = arena_new();
	t->conf = conf_view(t->read);
	overlay(t);
	return EX_OK;
}

int
trial_open(struct trial *t)
{
	int status = trial_read(t);

	return status == EX_OK ? open_world(t) : status;
}

static void
close_world(struct trial *t)
{
	if (t->world != NULL && t->script != NULL) {
		script_close(t->world);
	} else if (t->world != NULL) {
		live_close(t->world);
		dns_close();
	}
	t->world = NULL;
}

int
trial_again(struct trial *t)
{
	close_world(t);
	return open_world(t);
}

void
trial_close(struct trial *t)
{
	close_world(t);
	conf_free(t->conf);
	conf_free(t->read);
	if (t->arena != NULL)
		arena_free(t->arena);
	free(t->set);
}

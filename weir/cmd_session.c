/* cmd_session.c - see cmd_session.h. */
#include "weir/cmd_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/dns.h"
#include "base/err.h"
#include "base/event.h"
#include "checks/live.h"
#include "checks/script.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"
#include "weir/rehearsal.h"

struct session_options {
	const char *dir, *dns, *world, *script;
	struct conf *conf;
	int trace;
};

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: weir test session [-c DIR] [-o NAME=VALUE] "
	    "[--dns SERVER] [--world FILE] [--trace] [SCRIPT]\n");
	return EX_USAGE;
}

/* Play the script; the exit status. */
static int
play(struct rehearsal *r, FILE *script, const char *name)
{
	struct err err = { 0 };
	char *line = NULL;
	size_t size = 0;
	unsigned number = 0;
	int status = EX_OK, result;
	ssize_t n;

	while ((n = getline(&line, &size, script)) >= 0) {
		number++;
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		result = rehearsal_line(r, line, &err);
		if (result < 0) {
			(void)fprintf(
			    stderr, "%s:%u: %s\n", name, number, err.text);
			status = EX_DATAERR;
			break;
		}
		if (result > 0)
			status = 1;
	}
	free(line);
	return status;
}

static int
play_file(const struct session_options *o, struct world *world)
{
	struct rehearsal_settings settings = {
		.conf = o->conf, .world = world, .trace = o->trace != 0
	};
	FILE *script = o->script != NULL ? fopen(o->script, "re") : stdin;
	struct rehearsal *r;
	int status;

	if (script == NULL) {
		perror(o->script);
		return EX_NOINPUT;
	}
	r = rehearsal_new(&settings);
	status = play(r, script, o->script != NULL ? o->script : "stdin");
	rehearsal_free(r);
	if (script != stdin)
		(void)fclose(script);
	return status;
}

/* In a world that a file describes, or in this one. */
static int
play_world(const struct session_options *o)
{
	struct live_settings live = {
		.policy = { .directory = "/", .max_idle = 1, .max_ttl = 1 }
	};
	struct dns_settings dns = { .servers = o->dns != NULL ? o->dns : "",
		.hosts = "/etc/hosts" };
	struct err err = { 0 };
	struct world *world;
	int status;

	if (o->world != NULL) {
		world = script_open(o->world, &err);
		if (world == NULL) {
			(void)fprintf(stderr, "%s\n", err.text);
			return EX_NOINPUT;
		}
		status = play_file(o, world);
		script_close(world);
		return status;
	}
	if (dns_open(&dns, &err) != 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return EX_UNAVAILABLE;
	}
	world = live_open(&live);
	status = play_file(o, world);
	live_close(world);
	dns_close();
	return status;
}

/* "-o name=value": on top of main.cf. */
static void
overlay(struct conf *view, char *const *set, int n)
{
	for (int i = 0; i < n; i++) {
		char *copy = strdup(set[i]), *value;

		if (copy != NULL && (value = strchr(copy, '=')) != NULL) {
			*value++ = '\0';
			conf_set(view, copy, value,
			    (struct origin){ "command line", 1 });
		}
		free(copy);
	}
}

/* Take the options; false: usage. */
static int
parse(int argc, char **argv, struct session_options *o, char **set, int *nset)
{
	for (int i = 2; i < argc; i++) {
		const char **value = strcmp(argv[i], "-c") == 0 ? &o->dir
		    : strcmp(argv[i], "--dns") == 0             ? &o->dns
		    : strcmp(argv[i], "--world") == 0           ? &o->world
								: NULL;

		if (strcmp(argv[i], "--trace") == 0) {
			o->trace = 1;
		} else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) {
			set[(*nset)++] = argv[++i];
		} else if (value != NULL && i + 1 < argc) {
			*value = argv[++i];
		} else if (argv[i][0] != '-' && o->script == NULL) {
			o->script = argv[i];
		} else {
			return 0;
		}
	}
	return 1;
}

int
cmd_session(int argc, char **argv)
{
	struct session_options o = { 0 };
	struct event_target target = {
		.name = "weir", .fd = STDOUT_FILENO, .json_fd = -1
	};
	struct err err = { 0 };
	struct conf *conf;
	char **set = calloc((size_t)argc, sizeof *set);
	int nset = 0, status;

	if (set == NULL || argc < 2 || strcmp(argv[1], "session") != 0 ||
	    !parse(argc, argv, &o, set, &nset)) {
		free(set);
		return usage();
	}
	event_open(&target);
	conf = conf_read(o.dir != NULL ? o.dir : cmd_options_default_dir(),
	    generation_tables(), &err);
	if (conf == NULL) {
		(void)fprintf(stderr, "%s\n", err.text);
		free(set);
		return EX_CONFIG;
	}
	o.conf = conf_view(conf);
	overlay(o.conf, set, nset);
	status = play_world(&o);
	conf_free(o.conf);
	conf_free(conf);
	free(set);
	return status;
}

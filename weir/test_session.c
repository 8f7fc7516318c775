/* test_session.c - see test_session.h. */
#include "weir/test_session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "checks/dnsbl_cache.h"
#include "classes/reached.h"
#include "classes/stage.h"
#include "rules/route.h"
#include "weir/rehearsal.h"
#include "weir/trial.h"

/* All scripts of one run. */
struct players {
	struct trial trial;
	bool trace, tap, coverage, any_address, policy, milter;
	bool played; /* one script, at least */
	struct reached *reached;
	unsigned tests; /* of TAP */
	int status;
};

/* The script at hand. */
struct play {
	struct players *all;
	struct rehearsal *rehearsal;
	const char *name;
	unsigned line, expected;
};

/* Lines that TAP's readers pass on, and otherwise take no notice of. */
static void
comment(const char *text)
{
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		(void)printf("# %.*s\n", (int)n, text);
	}
}

/* A test's line; what TAP takes for a directive is no part of its name. */
static void
tell(struct players *p, bool good, const char *place, const char *what)
{
	(void)printf("%sok %u - %s: ", good ? "" : "not ", ++p->tests, place);
	for (; *what != '\0'; what++) {
		if (*what == '#' || *what == '\\')
			(void)putchar('\\');
		(void)putchar(*what);
	}
	(void)putchar('\n');
	(void)fflush(stdout);
}

static void
tell_line(struct play *play, bool good, const char *what)
{
	struct buf place = { 0 };

	buf_printf(&place, "%s:%u", play->name, play->line);
	tell(play->all, good, buf_str(&place), what);
	buf_free(&place);
}

static void
worse(struct players *p, int status)
{
	if (p->status < status)
		p->status = status;
}

static void
unmet(struct play *play, const char *line, const struct err *why)
{
	struct buf shown = { 0 };

	worse(play->all, 1);
	if (!play->all->tap) {
		(void)printf("%s:%u: not as expected: %s\n", play->name,
		    play->line, why->text);
		return;
	}
	tell_line(play, false, line);
	rehearsal_show(play->rehearsal, &shown);
	comment(why->text);
	comment(buf_str(&shown));
	buf_free(&shown);
}

/* False: the rest of the script makes no sense. */
static bool
do_line(struct play *play, const char *line)
{
	struct err err = { "" };

	switch (rehearsal_line(play->rehearsal, line, &err)) {
	case REHEARSAL_DONE:
		break;
	case REHEARSAL_MET:
		play->expected++;
		if (play->all->tap)
			tell_line(play, true, line);
		break;
	case REHEARSAL_UNMET:
		play->expected++;
		unmet(play, line, &err);
		break;
	case REHEARSAL_WRONG:
		worse(play->all, EX_DATAERR);
		(void)fflush(stdout);
		if (play->all->tap)
			tell_line(play, false, err.text);
		else
			(void)fprintf(stderr, "%s:%u: %s\n", play->name,
			    play->line, err.text);
		return false;
	}
	return true;
}

static bool
do_lines(struct play *play, FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	bool whole = true;
	ssize_t n;

	while (whole && (n = getline(&line, &size, file)) >= 0) {
		play->line++;
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		whole = do_line(play, line);
	}
	free(line);
	return whole;
}

/* Each script is on its own: nothing of another's is remembered. */
static bool
forget(struct players *p)
{
	int status = p->played ? trial_again(&p->trial) : EX_OK;

	p->played = true;
	dnsbl_cache_flush();
	worse(p, status);
	return status == EX_OK;
}

static void
play_file(struct players *p, FILE *file, const char *name)
{
	const struct rehearsal_settings settings = {
		.conf = p->trial.conf,
		.world = p->trial.world,
		.quiet = p->tap,
		.trace = p->trace,
		.any_address = p->any_address,
		.policy = p->policy,
		.milter = p->milter,
		.reached = p->reached,
	};
	struct play play = { .all = p, .name = name };

	play.rehearsal = rehearsal_new(&settings);
	if (do_lines(&play, file) && p->tap && play.expected == 0)
		tell(p, true, name, "played, nothing is expected");
	rehearsal_free(play.rehearsal);
}

static void
play_script(struct players *p, const char *name)
{
	FILE *file;

	if (!forget(p))
		return;
	if (strcmp(name, "-") == 0) {
		play_file(p, stdin, "stdin");
		return;
	}
	file = fopen(name, "re");
	if (file != NULL) {
		play_file(p, file, name);
		(void)fclose(file);
		return;
	}
	worse(p, EX_NOINPUT);
	if (p->tap)
		tell(p, false, name, err_errno(errno));
	else
		(void)fprintf(stderr, "%s: %s: %s\n", p->trial.name, name,
		    err_errno(errno));
}

static void
say_unreached(void *arg, const char *text)
{
	const struct players *p = arg;

	(void)printf("%snot reached: %s\n", p->tap ? "# " : "", text);
}

static void
report_coverage(struct players *p)
{
	struct err err = { "" };
	struct route *route = route_open(p->trial.conf, &err);
	struct rules *rules = stage_compile(p->trial.conf, route, false, &err);
	struct reached_count n =
	    reached_review(p->reached, rules, p->trial.conf, say_unreached, p);

	(void)printf("%sreached: %u of %u restrictions, %u of %u lines of "
		     "tables\n",
	    p->tap ? "# " : "", n.restrictions_reached, n.restrictions,
	    n.lines_reached, n.lines);
	stage_free(rules);
	route_close(route);
}

static void
warn(const char *text)
{
	(void)fprintf(stderr, "# %s\n", text);
}

/* Log lines stand between the replies; TAP's readers want warnings only. */
static void
open_log(const struct players *p)
{
	int fd =
	    p->tap ? open("/dev/null", O_WRONLY | O_CLOEXEC) : STDOUT_FILENO;

	event_open(
	    &(struct event_target){ .name = "weir", .fd = fd, .json_fd = -1 });
	if (p->tap)
		event_tap(warn);
}

static void
play_all(struct players *p, char **scripts)
{
	if (p->coverage)
		p->reached = reached_new();
	if (*scripts == NULL)
		play_file(p, stdin, "stdin");
	for (char **name = scripts; *name != NULL; name++)
		play_script(p, *name);
	if (p->coverage)
		report_coverage(p);
	if (p->tap)
		(void)printf("1..%u\n", p->tests);
	reached_free(p->reached);
}

static bool
take_switch(struct players *p, const char *word)
{
	const struct {
		const char *word;
		bool *on;
	} switches[] = {
		{ "--trace", &p->trace },
		{ "--tap", &p->tap },
		{ "--coverage", &p->coverage },
		{ "--any-address", &p->any_address },
		{ "--policy", &p->policy },
		{ "--milter", &p->milter },
	};

	for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
		if (strcmp(switches[i].word, word) == 0)
			return *switches[i].on = true;
	return false;
}

int
test_session(int argc, char **argv)
{
	struct players p = { .trial = { .name = "weir test session" } };
	char **scripts = argv + argc;
	int status = EX_OK, taken;

	for (int i = 1; i < argc && scripts == argv + argc; i++) {
		taken = trial_option(&p.trial, argc, argv, &i);
		if (taken == 0 && (argv[i][0] != '-' || argv[i][1] == '\0'))
			scripts = argv + i;
		else if (taken < 0 || (taken == 0 && !take_switch(&p, argv[i])))
			status = EX_USAGE;
	}
	if (p.trial.json || (p.policy && p.milter))
		status = EX_USAGE;
	if (scripts + 1 < argv + argc)
		p.tap = true;
	open_log(&p);
	if (status == EX_OK)
		status = trial_open(&p.trial);
	if (status == EX_OK) {
		play_all(&p, scripts);
		status = p.status;
	}
	event_tap(NULL);
	trial_close(&p.trial);
	return trial_end(&p.trial, status);
}

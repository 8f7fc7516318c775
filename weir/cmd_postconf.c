/* cmd_postconf.c - see cmd_postconf.h. */
#include "weir/cmd_postconf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/types.h"
#include "weir/cmd_options.h"
#include "weir/entries_edit.h"
#include "weir/entries_show.h"
#include "weir/listing.h"
#include "weir/notice_words.h"
#include "weir/options.h"
#include "weir/settings.h"
#include "weir/settings_edit.h"
#include "weir/settings_names.h"
#include "weir/settings_show.h"

/* Every option, in the order in which a complaint names two of them. */
static const char order[] = "bdefFhHjlmMnoOpPtxX#";

/* Those of which one call has at most one. */
static const char *const apart[] = { "FblmMpPt", "denX#", "do", "hH", "fj",
	"hj", "Hj", "ef", "eh", "eH", "ej", "eo", "eO", "ex", "fX", "hX", "HX",
	"jX", "oX", "OX", "xX", "f#", "h#", "H#", "j#", "o#", "O#", "x#",
	NULL };

/* What each way of calling takes, beside -c and -v. */
static const struct {
	char mode;
	const char *takes;
} modes[] = {
	{ 'p', "defhHjnoOxX#" },
	{ 'M', "efjoOxX#" },
	{ 'F', "efhHjoOx" },
	{ 'P', "efhHjoOxX" },
	{ 'b', "" },
	{ 't', "" },
	{ 'l', "" },
	{ 'm', "" },
};

/* What was asked for. */
struct request {
	bool given[128]; /* by letter */
	char mode;       /* of modes[] */
	const char *dir;
	const char **overrides; /* of -o, ended by NULL */
	size_t noverrides;
	char **args;
};

static int
bad_option(char letter, struct err *err)
{
	(void)fprintf(stderr,
	    letter == 'c' || letter == 'o'
		? "postconf: option requires an argument -- '%c'\n"
		: "postconf: invalid option -- '%c'\n",
	    letter);
	err_set(err,
	    "usage: postconf [-bdefFhHjlmMnOpPtvxX#] [-c config_dir] "
	    "[-o name=value] [name...]");
	return -1;
}

static int
take_options(struct request *r, int argc, char **argv, struct err *err)
{
	struct options o = { .argc = argc, .argv = argv };
	int letter;

	r->dir = cmd_options_default_dir();
	r->overrides = calloc((size_t)argc + 1, sizeof *r->overrides);
	if (r->overrides == NULL)
		fatal("out of memory");
	while ((letter = options_next(&o, "bc:defFhHjlmMno:OpPtvxX#")) != -1) {
		if (letter == '?')
			return bad_option(o.bad, err);
		if (letter == 'c')
			r->dir = o.value;
		else
			r->given[letter] = true;
		if (letter == 'o')
			r->overrides[r->noverrides++] = o.value;
	}
	r->args = argv + o.next;
	for (char **arg = r->args; *arg != NULL; arg++)
		if (strchr(*arg, '=') != NULL)
			r->given['e'] = true;
	return 0;
}

/* Are two of the letters in ${set} given?  Then they are *a and *b. */
static bool
are_two(const struct request *r, const char *set, char *a, char *b)
{
	*a = '\0';
	for (const char *o = order; *o != '\0'; o++) {
		if (!r->given[(int)*o] || strchr(set, *o) == NULL)
			continue;
		*b = *o;
		if (*a != '\0')
			return true;
		*a = *o;
	}
	return false;
}

/* Complain about options that do not go together. */
static int
check_options(struct request *r, struct err *err)
{
	size_t mode = 0;
	char a, b;

	for (const char *const *set = apart; *set != NULL; set++) {
		if (are_two(r, *set, &a, &b)) {
			err_set(err,
			    a == 'b' && b == 't' ? "specify one of -%c and -%c"
						 : "specify one of -%c -%c",
			    a, b);
			return -1;
		}
	}
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (r->given[(int)modes[i].mode])
			mode = i;
	r->mode = modes[mode].mode;
	for (const char *o = order; *o != '\0'; o++) {
		if (r->given[(int)*o] && *o != r->mode &&
		    strchr(modes[mode].takes, *o) == NULL) {
			err_set(err, "with option -%c, do not specify -%c",
			    r->mode, *o);
			return -1;
		}
	}
	return 0;
}

static bool
is_edit(const struct request *r)
{
	return r->given['e'] || r->given['X'] || r->given['#'];
}

static int
edit(const struct request *r, struct err *err)
{
	if (*r->args == NULL) {
		err_set(err,
		    r->given['e'] ? "-e requires name=value argument"
				  : "missing service argument");
		return -1;
	}
	for (char *const *arg = r->args; *arg != NULL; arg++) {
		if (strchr(*arg, '\n') != NULL) {
			err_set(
			    err, "-e, -X, or -# accepts no multi-line input");
			return -1;
		}
	}
	if (r->mode == 'p')
		return settings_edit(r->dir,
		    r->given['e']       ? SETTINGS_EDIT_SET
			: r->given['X'] ? SETTINGS_EDIT_REMOVE
					: SETTINGS_EDIT_COMMENT,
		    r->args, err);
	return entries_edit(r->dir, r->mode,
	    r->given['e']       ? ENTRIES_EDIT_SET
		: r->given['X'] ? ENTRIES_EDIT_REMOVE
				: ENTRIES_EDIT_COMMENT,
	    r->args, err);
}

static int
show_kind(const struct request *r, struct settings *s,
    const struct settings_names *n, struct listing *l, struct err *err)
{
	const struct settings_show how = { .defaults = r->given['d'],
		.set = r->given['n'],
		.expand = r->given['x'] };

	switch (r->mode) {
	case 'M':
		return entries_show(s, l, r->args, how.expand, err);
	case 'F':
		return entries_show_fields(s, l, r->args, how.expand, err);
	case 'P':
		return entries_show_parameters(s, l, r->args, how.expand, err);
	default:
		return settings_show(&how, s, n, l, r->args, err);
	}
}

static int
show(const struct request *r, struct err *err)
{
	const struct settings_source source = { .dir = r->dir,
		.defaults_only = r->given['d'],
		.must_have_master = r->mode != 'p',
		.overrides = r->overrides };
	struct listing l = { .fold = r->given['f'],
		.no_labels = r->given['h'],
		.no_values = r->given['H'],
		.json = r->given['j'],
		.origins = r->given['O'] };
	struct settings_names names = { 0 };
	struct settings s;
	int status;

	status = settings_open(&s, &source, err);
	if (status == 0) {
		settings_names_open(&names, &s);
		if (!r->given['d'])
			settings_names_undefined(&names);
		status = show_kind(r, &s, &names, &l, err);
		if (status == 0 && !r->given['d'])
			settings_names_unused(&names, r->mode != 'p');
		settings_names_close(&names);
	}
	settings_close(&s);
	buf_free(&l.line);
	return status;
}

static int
show_notices(const struct request *r, struct err *err)
{
	const struct settings_source source = { .dir = r->dir };
	struct settings s;
	int status;

	if (r->args[0] != NULL && r->args[1] != NULL) {
		err_set(
		    err, "options -b and -t require at most one template file");
		return -1;
	}
	status = settings_open(&s, &source, err);
	if (status == 0)
		status =
		    notice_words_show(s.conf, r->args[0], r->mode == 'b', err);
	settings_close(&s);
	return status;
}

static void
show_types(void)
{
	for (size_t i = 0; types_all[i] != NULL; i++)
		(void)puts(types_all[i]->name);
}

int
cmd_postconf(int argc, char **argv)
{
	struct event_target target = { .name = "postconf",
		.fd = STDERR_FILENO,
		.json_fd = -1,
		.plain = 1 };
	struct request r = { 0 };
	struct err err = { 0 };
	int status;

	status = take_options(&r, argc, argv, &err);
	target.debug = r.given['v'];
	event_open(&target);
	if (status == 0)
		status = check_options(&r, &err);
	if (status == 0 && r.mode == 'm')
		show_types();
	else if (status == 0 && r.mode == 'l')
		(void)puts("flock\nfcntl\ndotlock");
	else if (status == 0 && (r.mode == 'b' || r.mode == 't'))
		status = show_notices(&r, &err);
	else if (status == 0)
		status = is_edit(&r) ? edit(&r, &err) : show(&r, &err);
	if ((fflush(stdout) != 0 || ferror(stdout) != 0) && status == 0) {
		err_set(&err, "write to standard output: %s", err_errno(errno));
		status = -1;
	}
	if (status != 0)
		(void)fprintf(stderr, "postconf: fatal: %s\n", err.text);
	free(r.overrides);
	return status != 0;
}

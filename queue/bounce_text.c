/* bounce_text.c - see bounce_text.h. */
#include "queue/bounce_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/macro.h"
#include "base/param.h"
#include "base/utf8.h"
#include "rules/address.h"
#include "rules/header_addresses.h"

enum {
	TIME_MOST = 1000, /* a number that nobody reads as a time */
	FROM_TOKENS = 1000,
};

static const struct event_by bounce = { .program = "bounce" };

/* What a text may name. */
struct names {
	const struct bounce_template *t;
	struct conf *conf;
	struct arena *arena;
	bool warn;
	struct err *err;
};

static const struct {
	const char *suffix;
	int64_t seconds;
} units[] = {
	{ "_seconds", 1 },
	{ "_minutes", 60 },
	{ "_hours", 3600 },
	{ "_days", INT64_C(86400) },
	{ "_weeks", INT64_C(604800) },
};

/* A number of units: warn if it does not say how long it is. */
static const char *
number(const struct names *n, const char *name, size_t unit, int64_t time)
{
	int64_t result = time / CLOCK_SECOND / units[unit].seconds;
	const char *unit_name = units[unit].suffix + 1;
	const char *what = NULL, *advice = "reduce";

	if (result == 0 && time > 0)
		what = arena_strdup(n->arena, "zero result");
	if (result >= TIME_MOST) {
		what = arena_printf(
		    n->arena, "excessive result \"%lld\"", (long long)result);
		advice = "increase";
	}
	/* Nobody can mend those that are built in. */
	if (what != NULL && n->warn && n->t->line > 0) {
		event_warning(&bounce,
		    "%s: %s in %s template conversion of parameter \"%s\"",
		    n->t->file, what, n->t->kind, name);
		event_warning(&bounce,
		    "please %s time unit \"%s\" of \"%s\" in %s template",
		    advice, unit_name, name, n->t->kind);
	}
	return arena_printf(n->arena, "%lld", (long long)result);
}

/* A parameter that is a time, in a unit; NULL: ${name} is no such thing. */
static const char *
find_time(const struct names *n, const char *name)
{
	static const struct {
		const char *name;
		char unit;
	} times[] = { { "delay_warning_time", 'h' },
		{ "maximal_queue_lifetime", 'd' } };
	const char *text;
	int64_t value;

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		size_t len = strlen(times[i].name);

		if (strncmp(name, times[i].name, len) != 0)
			continue;
		for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
			if (strcmp(name + len, units[u].suffix) != 0)
				continue;
			text =
			    conf_get(n->conf, times[i].name, n->arena, n->err);
			if (text != NULL &&
			    param_time(text, times[i].unit, &value))
				return number(n, name, u, value);
		}
	}
	return NULL;
}

static bool
wants_utf8(struct conf *conf, struct arena *arena)
{
	struct err err = { 0 };
	const char *text = conf_get(conf, "smtputf8_enable", arena, &err);
	bool wanted = false;

	return text != NULL && param_bool(text, &wanted) && wanted;
}

static const char *
find(void *arg, const char *name)
{
	struct names *n = arg;
	const char *text = find_time(n, name), *unicode;
	struct conf_value value;

	if (text != NULL)
		return text;
	if (!conf_find(n->conf, name, &value))
		return NULL;
	text = conf_get(n->conf, name, n->arena, n->err);
	if (text == NULL ||
	    (strcmp(name, "myhostname") != 0 && strcmp(name, "mydomain") != 0))
		return text;
	if (!wants_utf8(n->conf, n->arena))
		return text;
	unicode = address_ulabel(n->arena, text);
	return unicode != NULL ? unicode : text;
}

/* One line, with its "\n". */
static int
expand_line(const struct names *names, unsigned number, const char *line,
    struct buf *out)
{
	struct names n = *names;
	struct macro macro = { .find = find, .arg = &n, .recurse = false };
	struct err why = { 0 };
	int status = macro_expand(&macro, line, out, &why);

	if (status == 0)
		return 0;
	err_set(n.err, "%s %s template: %.*s",
	    (status & MACRO_BAD) != 0 ? "bad $name syntax in"
				      : "undefined $name in",
	    n.t->kind, (int)strcspn(line, "\n"), line);
	if (n.t->line > 0)
		err_add(n.err, "%s:%u", n.t->file, number);
	else
		err_add(n.err, "%s", n.t->file);
	return -1;
}

const char *
bounce_text_expand(const struct bounce_template *t, struct conf *conf,
    struct arena *arena, bool warn, struct err *err)
{
	const struct names names = { t, conf, arena, warn, err };
	struct buf out = { 0 };
	const char *text = NULL, *next;
	unsigned number = t->line;
	int status = 0;

	for (const char *p = t->text; status == 0 && *p != '\0'; p = next) {
		next = strchrnul(p, '\n');
		next += *next == '\n';
		status = expand_line(&names, number++,
		    arena_strndup(arena, p, (size_t)(next - p)), &out);
	}
	if (status == 0)
		text = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return text;
}

/* Where addresses without a domain are. */
struct origin_of {
	struct arena *arena;
	const char *domain;
};

static enum table_status
complete(void *arg, const char *address, const char **result)
{
	const struct origin_of *origin = arg;

	if (strchr(address, '@') != NULL)
		return TABLE_NONE;
	*result = arena_printf(origin->arena, "%s@%s", address, origin->domain);
	return TABLE_FOUND;
}

const char *
bounce_text_from(
    const struct bounce_template *t, struct conf *conf, struct arena *arena)
{
	static const char name[] = "From: ";
	struct origin_of origin = { .arena = arena };
	struct err err = { 0 };
	const char *format = conf_get(conf, "header_from_format", arena, &err);
	const char *from = t->from, *header;

	if (format != NULL && strcasecmp(format, "obsolete") == 0 &&
	    strcmp(from, "Mail Delivery System <MAILER-DAEMON>") == 0)
		from = "MAILER-DAEMON (Mail Delivery System)";
	header = arena_printf(arena, "%s%s", name, from);
	origin.domain = conf_get(conf, "myorigin", arena, &err);
	if (origin.domain != NULL && origin.domain[0] != '\0')
		(void)header_addresses_rewrite(
		    arena, header, FROM_TOKENS, complete, &origin, &header);
	return header + strlen(name);
}

static int
expand_all(struct conf *conf, struct arena *arena,
    struct bounce_template templates[], bool warn, struct err *err)
{
	const char *text;
	bool utf8 = wants_utf8(conf, arena);

	for (size_t i = 0; i < BOUNCE_TEMPLATE_KINDS; i++) {
		text =
		    bounce_text_expand(&templates[i], conf, arena, warn, err);
		if (text == NULL)
			return -1;
		templates[i].text = text;
		templates[i].from =
		    bounce_text_from(&templates[i], conf, arena);
		/* Postfix says so of ASCII, too, and of host names with
		 * U-labels it is true. */
		if (strcasecmp(templates[i].charset, "us-ascii") == 0 &&
		    (utf8 || !utf8_is_ascii(text)))
			templates[i].charset = "utf-8";
	}
	return 0;
}

int
bounce_text_load(struct conf *conf, struct arena *arena,
    struct bounce_template templates[], bool warn, struct err *err)
{
	const char *file, *text = conf_attached(conf, "bounce_template_file");
	struct err ignored = { 0 };

	bounce_template_init(templates);
	file = text != NULL ? conf_get(conf, "bounce_template_file", arena, err)
			    : NULL;
	if (text != NULL && file == NULL)
		return -1;
	if ((file == NULL ||
		bounce_template_parse(
		    file, text, arena, templates, warn, err) == 0) &&
	    expand_all(conf, arena, templates, warn, err) == 0)
		return 0;
	bounce_template_init(templates);
	(void)expand_all(conf, arena, templates, warn, &ignored);
	return -1;
}

/* milter_setting.c - see milter_setting.h. */
#include "proxy/milter_setting.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/param.h"
#include "proxy/proxy_params.h"
#include "rules/braces.h"
#include "rules/table.h"

enum {
	STEPS_2 = SMFI_V2_PROT,
	STEPS_3 = STEPS_2 | SMFIP_NOUNKNOWN,
	STEPS_4 = STEPS_3 | SMFIP_NODATA,
	STEPS_6 = SMFI_CURR_PROT,
};

static bool
read_action(const char *text, struct milter_setting *m)
{
	static const char *const names[] = {
		[MILTER_SETTING_ACCEPT] = "accept",
		[MILTER_SETTING_REJECT] = "reject",
		[MILTER_SETTING_TEMPFAIL] = "tempfail",
		[MILTER_SETTING_QUARANTINE] = "quarantine",
		[MILTER_SETTING_SHUTDOWN] = "shutdown",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(text, names[i]) == 0) {
			m->action = (enum milter_setting_action)i;
			return true;
		}
	return false;
}

/* The version, and words that say more. */
static bool
read_protocol(const char *text, struct milter_setting *m, struct arena *arena)
{
	static const struct {
		const char *word;
		uint32_t version, steps;
	} words[] = {
		{ "2", 2, STEPS_2 },
		{ "3", 3, STEPS_3 },
		{ "4", 4, STEPS_4 },
		{ "6", 6, STEPS_6 },
		{ "no_header_reply", 0, SMFIP_NR_HDR },
	};
	const char *word;
	size_t i, n = sizeof words / sizeof words[0];

	m->version = m->steps = 0;
	while ((word = conf_word(&text, arena)) != NULL) {
		for (i = 0; i < n && strcasecmp(word, words[i].word) != 0; i++)
			continue;
		if (i == n)
			return false;
		m->steps |= words[i].steps;
		if (words[i].version > m->version)
			m->version = words[i].version;
	}
	return m->version > 0;
}

static bool
set(struct milter_setting *m, const char *name, const char *value,
    struct arena *arena)
{
	if (strcmp(name, "connect_timeout") == 0)
		return param_time(value, 's', &m->connect_timeout) &&
		    m->connect_timeout > 0;
	if (strcmp(name, "command_timeout") == 0)
		return param_time(value, 's', &m->command_timeout) &&
		    m->command_timeout > 0;
	if (strcmp(name, "content_timeout") == 0)
		return param_time(value, 's', &m->content_timeout) &&
		    m->content_timeout > 0;
	if (strcmp(name, "protocol") == 0)
		return read_protocol(value, m, arena);
	return read_action(value, m);
}

static bool
is_name(const char *name)
{
	static const char *const names[] = { "connect_timeout",
		"command_timeout", "content_timeout", "protocol",
		"default_action" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Take ${text}, "name=value" or "{ name = value }", apart.  False: it is not
 * of that form. */
static bool
split(const char *text, struct arena *arena, const char **name,
    const char **value, struct err *err)
{
	const char *equals;
	size_t n;

	if (*text == '{' && (text = braces_strip(arena, text, err)) == NULL)
		return false;
	equals = strchr(text, '=');
	n = equals != NULL ? (size_t)(equals - text) : 0;
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	if (n == 0) {
		err_set(err, "missing '=' after attribute name: \"%s\"", text);
		return false;
	}
	*name = arena_strndup(arena, text, n);
	for (equals++; isspace((unsigned char)*equals); equals++)
		continue;
	*value = equals;
	return true;
}

static bool
set_word(struct milter_setting *m, const char *word, struct arena *arena,
    struct err *err)
{
	const char *name, *value;

	if (!split(word, arena, &name, &value, err))
		return false;
	if (!is_name(name)) {
		err_set(err, "unexpected attribute name: \"%s\"", name);
		return false;
	}
	if (!set(m, name, value, arena)) {
		err_set(err, "bad value: %s=%s", name, value);
		return false;
	}
	return true;
}

static const char *
behind(const char *text, const char *scheme)
{
	size_t n = strlen(scheme);

	return strncmp(text, scheme, n) == 0 ? text + n : NULL;
}

/* Postfix's names of transports, and Sendmail's inet6:. */
static bool
set_endpoint(struct milter_setting *m, const char *text, const char *directory,
    struct arena *arena, struct err *err)
{
	const char *path = behind(text, "unix:"), *host;

	m->name = text;
	if (path == NULL)
		path = behind(text, "local:");
	host = behind(text, "inet6:");
	if (path != NULL && *path != '\0')
		m->endpoint = *path == '/'
		    ? arena_printf(arena, "unix:%s", path)
		    : arena_printf(arena, "unix:%s/%s", directory, path);
	else if (host != NULL)
		m->endpoint = arena_printf(arena, "inet:%s", host);
	else
		m->endpoint = text;
	return dial_valid(m->endpoint, err);
}

/* What holds for all, then what stands in the braces of one. */
static bool
read_one(const struct milter_setting_all *all, const char *text,
    struct arena *arena, struct milter_setting *m, struct err *err)
{
	const struct proxy_params *p = all->params;
	const char *word, *rest = text;

	m->connect_timeout = p->milter_connect_timeout;
	m->command_timeout = p->milter_command_timeout;
	m->content_timeout = p->milter_content_timeout;
	if (!read_protocol(p->milter_protocol, m, arena)) {
		err_set(
		    err, "bad value: milter_protocol = %s", p->milter_protocol);
		return false;
	}
	if (!read_action(p->milter_default_action, m)) {
		err_set(err, "bad value: milter_default_action = %s",
		    p->milter_default_action);
		return false;
	}
	if (*text == '{' && (rest = braces_strip(arena, text, err)) == NULL)
		return false;
	word = conf_word(&rest, arena);
	if (word == NULL) {
		err_set(err, "empty milter definition: \"%s\"", text);
		return false;
	}
	if (!set_endpoint(m, word, all->queue_directory, arena, err))
		return false;
	while ((word = conf_word(&rest, arena)) != NULL)
		if (!set_word(m, word, arena, err))
			return false;
	return true;
}

void
milter_setting_parse(const struct milter_setting_all *all, const char *text,
    struct arena *arena, struct milter_setting_list *list, struct err *err)
{
	const char *p = text, *word;
	struct err one = { 0 };
	size_t n = 0;

	while (conf_word(&p, arena) != NULL)
		n++;
	list->items = arena_alloc(arena, (n + 1) * sizeof *list->items);
	list->count = 0;
	list->bad = false;
	while ((word = conf_word(&text, arena)) != NULL) {
		struct milter_setting *m = &list->items[list->count];

		if (read_one(all, word, arena, m, &one)) {
			list->count++;
			continue;
		}
		list->bad = true;
		err_also(err, "%s", one.text);
	}
}

/* "name=value, {name}=value"; braces around a whole pair may be there. */
static const char **
read_defaults(const char *text, struct arena *arena, struct err *err)
{
	const char *p = text, *word, *equals, **pairs;
	struct err one = { 0 };
	size_t n = 0;

	while (conf_word(&p, arena) != NULL)
		n++;
	pairs = arena_alloc(arena, (2 * n + 1) * sizeof *pairs);
	n = 0;
	while ((word = conf_word(&text, arena)) != NULL) {
		if (braces_whole(word) && strchr(word, '=') != NULL)
			word = braces_strip(arena, word, &one);
		equals = word != NULL ? strchr(word, '=') : NULL;
		if (equals == NULL || equals == word) {
			err_also(err, "malformed default macro entry: \"%s\"",
			    word != NULL ? word : "");
			continue;
		}
		pairs[n++] =
		    arena_strndup(arena, word, (size_t)(equals - word));
		pairs[n++] = arena_strdup(arena, equals + 1);
	}
	return pairs;
}

static struct table_list *
open_tables(const char *text, const char *name, unsigned flags,
    struct conf *conf, struct arena *arena, struct err *err)
{
	struct err one = { 0 };
	struct table_list *list =
	    table_list_open_as(text, name, conf, flags, arena, &one);

	if (one.text[0] != '\0')
		err_also(err, "%s: %s", name, one.text);
	if (list->count > 0)
		return list;
	table_list_close(list);
	return NULL;
}

/* Each line of ${one}, with the place where ${name} is set. */
static void
report(
    struct conf *conf, const char *name, const struct err *one, struct err *err)
{
	struct conf_value value = { 0 };
	const char *line = one->text;
	bool set = conf_find(conf, name, &value) && value.origin.file != NULL;

	while (*line != '\0') {
		int n = (int)strcspn(line, "\n");

		if (set)
			err_also(err, "%s:%u: %s: %.*s", value.origin.file,
			    value.origin.line, name, n, line);
		else
			err_also(err, "%s: %.*s", name, n, line);
		line += n + (line[n] == '\n');
	}
}

struct milter_setting_all *
milter_setting_open(const struct proxy_params *params, const char *name,
    struct conf *conf, struct arena *arena, struct err *err)
{
	struct milter_setting_all *all = arena_alloc(arena, sizeof *all);
	struct err one = { 0 };
	const char *directory;

	all->params = params;
	all->name = name;
	directory = conf_get(conf, "queue_directory", arena, &one);
	all->queue_directory = directory != NULL ? directory : "";
	all->macros[MILTER_SETTING_CONNECT] = params->milter_connect_macros;
	all->macros[MILTER_SETTING_HELO] = params->milter_helo_macros;
	all->macros[MILTER_SETTING_MAIL] = params->milter_mail_macros;
	all->macros[MILTER_SETTING_RCPT] = params->milter_rcpt_macros;
	all->macros[MILTER_SETTING_DATA] = params->milter_data_macros;
	all->macros[MILTER_SETTING_END] = params->milter_end_of_data_macros;
	all->macros[MILTER_SETTING_HEADERS] =
	    params->milter_end_of_header_macros;
	all->macros[MILTER_SETTING_UNKNOWN] =
	    params->milter_unknown_command_macros;
	milter_setting_parse(
	    all, params->smtpd_milters, arena, &all->list, &one);
	report(conf, name, &one, err);
	one = (struct err){ 0 };
	all->defaults =
	    read_defaults(params->milter_macro_defaults, arena, &one);
	report(conf, "milter_macro_defaults", &one, err);
	all->maps = open_tables(params->smtpd_milter_maps, "smtpd_milter_maps",
	    0, conf, arena, err);
	all->header_checks =
	    open_tables(params->milter_header_checks, "milter_header_checks",
		TABLE_KEEP_CASE | TABLE_ANY_OCTETS, conf, arena, err);
	return all;
}

void
milter_setting_close(struct milter_setting_all *all)
{
	if (all == NULL)
		return;
	if (all->maps != NULL)
		table_list_close(all->maps);
	if (all->header_checks != NULL)
		table_list_close(all->header_checks);
}

size_t
milter_setting_descriptors(const struct milter_setting_all *all)
{
	enum { OF_A_MAP = 4, FOR_BODIES = 2 };
	size_t n = all->list.count;

	/* What a map answers is not known before. */
	if (all->maps != NULL && n < OF_A_MAP)
		n = OF_A_MAP;
	return n + FOR_BODIES;
}

bool
milter_setting_idle(const struct milter_setting_all *all)
{
	return all->list.count == 0 && !all->list.bad && all->maps == NULL;
}

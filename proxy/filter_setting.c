/* filter_setting.c - see filter_setting.h. */
#include "proxy/filter_setting.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/param.h"
#include "proxy/proxy_params.h"
#include "rules/braces.h"

struct reading {
	const struct proxy_params *params;
	struct conf *conf;
	struct arena *arena;
	struct err *err;
};

/* "host:port", "inet:host:port", or "unix:path". */
static bool
read_endpoint(struct reading *r, const char *text, struct filter_setting *f)
{
	const char *directory;

	f->name = text;
	f->endpoint = text;
	if (strncmp(text, "unix:", 5) == 0) {
		if (text[5] == '/' || text[5] == '\0')
			return dial_valid(f->endpoint, r->err);
		directory =
		    conf_get(r->conf, "queue_directory", r->arena, r->err);
		if (directory == NULL)
			return false;
		f->endpoint =
		    arena_printf(r->arena, "unix:%s/%s", directory, text + 5);
	} else if (strncmp(text, "inet:", 5) != 0) {
		f->endpoint = arena_printf(r->arena, "inet:%s", text);
	}
	return dial_valid(f->endpoint, r->err);
}

static bool
read_failure(struct reading *r, const char *text, struct filter_setting *f)
{
	static const char *const names[] = {
		[FILTER_SETTING_TEMPFAIL] = "tempfail",
		[FILTER_SETTING_ACCEPT] = "accept",
		[FILTER_SETTING_OVERFLOW] = "overflow",
		[FILTER_SETTING_HOLD] = "hold",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(text, names[i]) == 0) {
			f->on_failure = (enum filter_setting_failure)i;
			return true;
		}
	err_set(r->err,
	    "on_failure=%s: must be tempfail, accept, hold or overflow", text);
	return false;
}

/* "name=value" of a filter in a chain. */
static bool
read_pair(struct reading *r, const char *word, struct filter_setting *f)
{
	const char *value = strchr(word, '=');
	size_t n = value != NULL ? (size_t)(value - word) : 0;

	if (n == 10 && memcmp(word, "on_failure", n) == 0)
		return read_failure(r, value + 1, f);
	if (n == 7 && memcmp(word, "timeout", n) == 0) {
		if (param_time(value + 1, 's', &f->timeout) && f->timeout > 0)
			return true;
		err_set(r->err, "bad time: %s", word);
		return false;
	}
	err_set(r->err, "\"%s\" is neither timeout= nor on_failure=", word);
	return false;
}

/* An endpoint, or that and settings in { }. */
static bool
read_filter(struct reading *r, const char *word, struct filter_setting *f)
{
	const char *inner = word, *text;

	*f = (struct filter_setting){ .name = word };
	if (*word != '{')
		return read_endpoint(r, word, f);
	inner = braces_strip(r->arena, word, r->err);
	if (inner == NULL)
		return false;
	text = conf_word(&inner, r->arena);
	if (text == NULL) {
		err_set(r->err, "{ } names no filter");
		return false;
	}
	if (!read_endpoint(r, text, f))
		return false;
	while ((text = conf_word(&inner, r->arena)) != NULL)
		if (!read_pair(r, text, f))
			return false;
	return true;
}

/* Those that name no time share what the others leave of the budget. */
static bool
share_budget(struct reading *r, struct filter_setting_all *all)
{
	int64_t left = all->budget;
	size_t sharing = 0;

	for (size_t i = 0; i < all->count; i++) {
		left -= all->list[i].timeout;
		sharing += all->list[i].timeout == 0;
	}
	if (left < 0 || (sharing > 0 && left / (int64_t)sharing == 0)) {
		err_set(r->err,
		    "the filters have more time together than "
		    "weir_proxy_filters_budget");
		return false;
	}
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].timeout == 0)
			all->list[i].timeout = left / (int64_t)sharing;
	return true;
}

static bool
overflow_has_a_way(struct reading *r, const struct filter_setting_all *all)
{
	if (r->params->content_filter[0] != '\0')
		return true;
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].on_failure == FILTER_SETTING_OVERFLOW) {
			err_set(r->err,
			    "%s: on_failure=overflow needs a content_filter",
			    all->list[i].name);
			return false;
		}
	return true;
}

/* The list, of which this service does not see the first ones. */
static bool
read_chain(struct reading *r, struct filter_setting_all *all)
{
	const char *p = r->params->weir_proxy_filters, *word;
	size_t passed = (size_t)r->params->weir_proxy_filters_passed, n = 0;

	while (conf_word(&p, r->arena) != NULL)
		n++;
	p = r->params->weir_proxy_filters;
	all->list = arena_alloc(r->arena, (n + 1) * sizeof *all->list);
	for (n = 0; (word = conf_word(&p, r->arena)) != NULL; n++) {
		if (!read_filter(r, word, &all->list[n]))
			return false;
		all->count = n + 1;
	}
	if (passed > n) {
		err_set(r->err,
		    "weir_proxy_filters_passed = %zu, of a list of %zu", passed,
		    n);
		return false;
	}
	if (!share_budget(r, all))
		return false;
	all->list += passed;
	all->count -= passed;
	/* A filter that gives back to us waits no longer than this. */
	if (passed > 0)
		all->budget = filter_setting_rest(all, 0);
	return overflow_has_a_way(r, all);
}

static bool
read_options(struct reading *r, struct filter_setting_all *all)
{
	const char *p = r->params->smtpd_proxy_options, *word;

	while ((word = conf_word(&p, r->arena)) != NULL) {
		if (strcasecmp(word, "speed_adjust") != 0) {
			err_set(r->err,
			    "unknown smtpd_proxy_options value \"%s\" in "
			    "\"%s\"",
			    word, r->params->smtpd_proxy_options);
			conf_blame(r->conf, "smtpd_proxy_options", r->err);
			return false;
		}
		all->spools = true;
	}
	return true;
}

static bool
read_single(struct reading *r, struct filter_setting_all *all)
{
	all->list = arena_alloc(r->arena, sizeof *all->list);
	all->count = 1;
	all->list->timeout = r->params->smtpd_proxy_timeout;
	if (read_endpoint(r, r->params->smtpd_proxy_filter, all->list))
		return read_options(r, all);
	err_add(r->err, "smtpd_proxy_filter");
	conf_blame(r->conf, "smtpd_proxy_filter", r->err);
	return false;
}

/* No filter can be reached: no mail passes. */
static void
spoil(struct reading *r, struct filter_setting_all *all, const char *name)
{
	all->list = arena_alloc(r->arena, sizeof *all->list);
	*all->list = (struct filter_setting){ .name = name };
	all->count = 1;
}

struct filter_setting_all *
filter_setting_read(const struct proxy_params *params, struct conf *conf,
    struct arena *arena, struct err *err)
{
	struct reading r = { params, conf, arena, err };
	struct filter_setting_all *all;
	bool one = params->smtpd_proxy_filter[0] != '\0';
	bool many = params->weir_proxy_filters[0] != '\0';

	if (!one && !many)
		return NULL;
	all = arena_alloc(arena, sizeof *all);
	*all = (struct filter_setting_all){
		.ehlo = params->smtpd_proxy_ehlo,
		.budget = params->weir_proxy_filters_budget,
		.chain = many,
		.spools = many,
	};
	if (one && many) {
		err_set(err,
		    "smtpd_proxy_filter and weir_proxy_filters: only one of "
		    "them may be set");
		spoil(&r, all, params->smtpd_proxy_filter);
	} else if (one) {
		if (!read_single(&r, all))
			spoil(&r, all, params->smtpd_proxy_filter);
	} else if (!read_chain(&r, all)) {
		err_add(err, "weir_proxy_filters");
		conf_blame(conf, "weir_proxy_filters", err);
		spoil(&r, all, "weir_proxy_filters");
	}
	return all->count > 0 ? all : NULL;
}

int64_t
filter_setting_rest(const struct filter_setting_all *all, size_t i)
{
	int64_t sum = 0;

	for (; i < all->count; i++)
		sum += all->list[i].timeout;
	return sum;
}

/* settings.c - see settings.h. */
#include "weir/settings.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/lines.h"
#include "base/param.h"
#include "weir/generation.h"
#include "weir/setting.h"

/* Parameters that each transport has. */
static const struct {
	const char *suffix, *preset;
} transport_parameters[] = {
	{ "delivery_slot_cost", "$default_delivery_slot_cost" },
	{ "delivery_slot_discount", "$default_delivery_slot_discount" },
	{ "delivery_slot_loan", "$default_delivery_slot_loan" },
	{ "destination_concurrency_failed_cohort_limit",
	    "$default_destination_concurrency_failed_cohort_limit" },
	{ "destination_concurrency_limit",
	    "$default_destination_concurrency_limit" },
	{ "destination_concurrency_negative_feedback",
	    "$default_destination_concurrency_negative_feedback" },
	{ "destination_concurrency_positive_feedback",
	    "$default_destination_concurrency_positive_feedback" },
	{ "destination_rate_delay", "$default_destination_rate_delay" },
	{ "destination_recipient_limit",
	    "$default_destination_recipient_limit" },
	{ "extra_recipient_limit", "$default_extra_recipient_limit" },
	{ "initial_destination_concurrency",
	    "$initial_destination_concurrency" },
	{ "minimum_delivery_slots", "$default_minimum_delivery_slots" },
	{ "recipient_limit", "$default_recipient_limit" },
	{ "recipient_refill_delay", "$default_recipient_refill_delay" },
	{ "recipient_refill_limit", "$default_recipient_refill_limit" },
	{ "transport_rate_delay", "$default_transport_rate_delay" },
};
enum { SUFFIXES = sizeof transport_parameters / sizeof *transport_parameters };

static const char time_limit[] = "time_limit";
static const char time_limit_preset[] = "$command_time_limit";

static int
override(struct settings *s, const char *text, struct err *err)
{
	const char *name, *value;

	if (setting_pair(text, s->arena, &name, &value, NULL) != 0) {
		err_set(err,
		    "invalid parameter override: %s: missing '=' after "
		    "attribute name",
		    text);
		return -1;
	}
	conf_set(s->conf, name, value, (struct origin){ "-o", 0 });
	(void)strmap_set(&s->overrides, name, arena_strdup(s->arena, value));
	return 0;
}

static void
index_rows(struct settings *s)
{
	for (const struct param_table *const *t = generation_tables();
	     *t != NULL; t++)
		for (size_t i = 0; i < (*t)->count; i++)
			(void)strmap_set(&s->names, (*t)->rows[i].name, s);
}

static int
read_master(
    struct settings *s, const struct settings_source *source, struct err *err)
{
	struct buf text = { 0 };
	int status;

	if (lines_load(s->master_path, &text, err) == 0) {
		status = entries_parse(
		    s->master_path, buf_str(&text), s->arena, &s->entries, err);
	} else {
		status = source->must_have_master ? -1 : 0;
		if (status == 0)
			event_warning(NULL, "%s", err->text);
	}
	buf_free(&text);
	return status;
}

static void
set_service_default(void *arg, const char *name)
{
	struct settings *s = arg;
	const char *preset = settings_service_default(s, name);
	const struct origin nobody = { NULL, 0 };

	/* Rows have defaults that may be others. */
	if (strmap_find(&s->names, name) != NULL)
		return;
	conf_set(s->defaults, name, preset, nobody);
	if (!conf_is_set(s->file, name))
		conf_set(s->conf, name, preset, nobody);
}

int
settings_open(
    struct settings *s, const struct settings_source *source, struct err *err)
{
	const char *const *o = source->overrides;
	const struct buf empty = { 0 };

	*s = (struct settings){ .arena = arena_new() };
	s->main_path = arena_printf(s->arena, "%s/main.cf", source->dir);
	s->master_path = arena_printf(s->arena, "%s/master.cf", source->dir);
	index_rows(s);
	s->nothing =
	    conf_read_text(source->dir, &empty, generation_tables(), err);
	must(s->nothing != NULL);
	s->file = source->defaults_only
	    ? conf_read_text(source->dir, &empty, generation_tables(), err)
	    : conf_read(source->dir, generation_tables(), err);
	if (s->file == NULL || read_master(s, source, err) != 0)
		return -1;
	s->conf = conf_view(s->file);
	s->defaults = conf_view(s->nothing);
	settings_service_each(s, set_service_default, s);
	for (; o != NULL && *o != NULL; o++)
		if (override(s, *o, err) != 0)
			return -1;
	return 0;
}

void
settings_close(struct settings *s)
{
	conf_free(s->conf);
	conf_free(s->defaults);
	conf_free(s->file);
	conf_free(s->nothing);
	strmap_free(&s->overrides);
	strmap_free(&s->names);
	arena_free(s->arena);
}

bool
settings_is_set(const struct settings *s, const char *name)
{
	return conf_is_set(s->file, name) ||
	    strmap_find(&s->overrides, name) != NULL;
}

/* For conf_each(). */
struct each_set {
	const struct settings *settings;
	void (*fn)(void *arg, const char *name, const char *text);
	void *arg;
};

static void
pass_on(void *arg, const char *name, const struct conf_value *value,
    enum conf_known known)
{
	const struct each_set *each = arg;

	(void)known;
	if (strmap_find(&each->settings->overrides, name) == NULL)
		each->fn(each->arg, name, value->text);
}

void
settings_each_set(const struct settings *s,
    void (*fn)(void *arg, const char *name, const char *text), void *arg)
{
	struct each_set each = { s, fn, arg };

	conf_each(s->file, pass_on, &each);
	for (size_t i = 0; i < s->overrides.count; i++)
		fn(arg, s->overrides.items[i].key, s->overrides.items[i].value);
}

/* Is ${command} one that delivers what the queue has? */
static bool
is_transport(const char *command)
{
	static const char *const commands[] = { "smtp", "lmtp", "local",
		"virtual", "pipe", "error", "discard", NULL };
	size_t i = 0;

	while (commands[i] != NULL && strcmp(commands[i], command) != 0)
		i++;
	return commands[i] != NULL;
}

static bool
has_time_limit(const char *command)
{
	return strcmp(command, "pipe") == 0 || strcmp(command, "spawn") == 0;
}

const char *
settings_service_default(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->entries.count; i++) {
		const struct entry *e = &s->entries.entries[i];
		const char *command = e->fields[ENTRY_COMMAND], *suffix;
		size_t n = strlen(e->fields[ENTRY_SERVICE]);

		if (strncmp(name, e->fields[ENTRY_SERVICE], n) != 0 ||
		    name[n] != '_')
			continue;
		suffix = name + n + 1;
		if (has_time_limit(command) && strcmp(suffix, time_limit) == 0)
			return time_limit_preset;
		for (size_t k = 0; k < SUFFIXES && is_transport(command); k++)
			if (strcmp(transport_parameters[k].suffix, suffix) == 0)
				return transport_parameters[k].preset;
	}
	return NULL;
}

void
settings_service_each(const struct settings *s,
    void (*fn)(void *arg, const char *name), void *arg)
{
	for (size_t i = 0; i < s->entries.count; i++) {
		const struct entry *e = &s->entries.entries[i];
		const char *command = e->fields[ENTRY_COMMAND];
		const char *service = e->fields[ENTRY_SERVICE];

		for (size_t k = 0; k < SUFFIXES && is_transport(command); k++)
			fn(arg,
			    arena_printf(s->arena, "%s_%s", service,
				transport_parameters[k].suffix));
		if (has_time_limit(command))
			fn(arg,
			    arena_printf(
				s->arena, "%s_%s", service, time_limit));
	}
}

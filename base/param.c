/* param.c - see param.h. */
#include "base/param.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"

/* Any of the members that a row may have. */
union member {
	param_text text;
	param_boolean boolean;
	param_count count;
};

static bool
unit_seconds(char unit, int64_t *seconds)
{
	switch (unit) {
	case 's':
		*seconds = 1;
		return true;
	case 'm':
		*seconds = 60;
		return true;
	case 'h':
		*seconds = 3600;
		return true;
	case 'd':
		*seconds = INT64_C(24) * 3600;
		return true;
	case 'w':
		*seconds = INT64_C(7) * 24 * 3600;
		return true;
	default:
		return false;
	}
}

static bool
parse_number(const char *text, char **end, int64_t *value)
{
	errno = 0;
	*value = strtoll(text, end, 10);
	return *end > text && errno == 0;
}

bool
param_time(const char *text, char unit, int64_t *value)
{
	int64_t number, seconds;
	char *end;

	if (!parse_number(text, &end, &number) || number < 0)
		return false;
	if (*end != '\0' && end[1] != '\0')
		return false;
	if (*end != '\0')
		unit = *end;
	if (!unit_seconds(unit, &seconds) ||
	    number > INT64_MAX / CLOCK_SECOND / seconds)
		return false;
	*value = number * seconds * CLOCK_SECOND;
	return true;
}

bool
param_bool(const char *text, bool *value)
{
	*value = strcasecmp(text, "yes") == 0;
	return *value || strcasecmp(text, "no") == 0;
}

/* The unit of a default, "300s" or "${stress?{10}:{300}}s", stands behind all
 * else; one that refers to another parameter has none of its own. */
static char
default_unit(const char *preset)
{
	size_t n = strlen(preset);
	int64_t seconds;

	if (n >= 2 && unit_seconds(preset[n - 1], &seconds) &&
	    (isdigit((unsigned char)preset[n - 2]) || preset[n - 2] == '}'))
		return preset[n - 1];
	return 's';
}

static bool
parse(enum param_type type, const char *text, char unit, int64_t *value)
{
	char *end;

	if (type == PARAM_duration)
		return param_time(text, unit, value);
	return parse_number(text, &end, value) && *end == '\0';
}

/* Is ${value} on the right side of ${bound}? */
static bool
within(const struct param *param, const char *bound, bool least, int64_t value)
{
	int64_t limit = 0;

	if (bound == NULL || *bound == '\0')
		return true;
	must(parse(param->type, bound, default_unit(param->preset), &limit));
	return least ? value >= limit : value <= limit;
}

static int
load_number(
    const struct param *param, const char *text, int64_t *into, struct err *err)
{
	if (!parse(param->type, text, default_unit(param->preset), into)) {
		err_set(err,
		    param->type == PARAM_duration
			? "not a time (a number and s, m, h, d or w)"
			: "not a number");
		return -1;
	}
	if (!within(param, param->least, true, *into)) {
		err_set(err, "less than %s", param->least);
		return -1;
	}
	if (!within(param, param->most, false, *into)) {
		err_set(err, "more than %s", param->most);
		return -1;
	}
	return 0;
}

static int
load(const struct param *param, struct conf *conf, struct arena *arena,
    union member *into, struct err *err)
{
	struct conf_value value = { .text = param->preset };
	const char *text;
	int status = 0;

	(void)conf_find(conf, param->name, &value);
	if (param->type == PARAM_raw) {
		into->text = arena_strdup(arena, value.text);
		return 0;
	}
	text = conf_get(conf, param->name, arena, err);
	if (text == NULL)
		return -1;
	switch (param->type) {
	case PARAM_text:
		into->text = text;
		break;
	case PARAM_boolean:
		if (!param_bool(text, &into->boolean)) {
			err_set(err, "neither yes nor no");
			status = -1;
		}
		break;
	case PARAM_count:
	case PARAM_duration:
		status = load_number(param, text, &into->count, err);
		break;
	case PARAM_raw:
	case PARAM_unused:
		break;
	}
	if (status != 0) {
		err_add(err, "%s = %.200s", param->name, value.text);
		if (value.origin.file != NULL)
			err_add(
			    err, "%s:%u", value.origin.file, value.origin.line);
	}
	return status;
}

/* What cannot be used is replaced by its default, so that whoever goes on all
 * the same has something to go on with. */
static void
load_preset(const struct param *param, struct conf *conf, struct arena *arena,
    union member *into)
{
	struct err err;
	const char *text = conf_expand(conf, param->preset, arena, &err);

	memset(into, 0, sizeof *into);
	if (param->type == PARAM_text)
		into->text = text != NULL ? text : "";
	else if (param->type == PARAM_boolean && text != NULL)
		(void)param_bool(text, &into->boolean);
	else if (text != NULL)
		(void)load_number(param, text, &into->count, &err);
}

int
param_load(const struct param_table *table, struct conf *conf,
    struct arena *arena, void *into, struct err *err)
{
	static const size_t sizes[] = {
		[PARAM_text] = sizeof(param_text),
		[PARAM_raw] = sizeof(param_raw),
		[PARAM_boolean] = sizeof(param_boolean),
		[PARAM_count] = sizeof(param_count),
		[PARAM_duration] = sizeof(param_duration),
	};
	const struct param *param;
	union member member;
	int status = 0;

	memset(into, 0, table->size);
	for (size_t i = 0; i < table->count; i++) {
		param = &table->rows[i];
		if (param->type == PARAM_unused)
			continue;
		struct err why = { "" };

		if (load(param, conf, arena, &member, &why) != 0) {
			err_also(err, "%s", why.text);
			load_preset(param, conf, arena, &member);
			status = -1;
		}
		must(param->offset + sizes[param->type] <= table->size);
		memcpy(
		    (char *)into + param->offset, &member, sizes[param->type]);
	}
	return status;
}

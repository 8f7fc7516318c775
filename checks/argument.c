/* argument.c - see argument.h. */
#include "checks/argument.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "checks/dnsbl_filter.h"
#include "checks/policy_service.h"
#include "checks/rate_spec.h"
#include "rules/table.h"

static int
parse_table(struct argument *argument, const char *spec, struct conf *conf,
    struct err *err)
{
	if (strchr(spec, ':') == NULL) {
		err_set(err, "bad argument \"%s\": need maptype:mapname", spec);
		return -1;
	}
	argument->table = table_open(spec, conf, err);
	return 0;
}

static int
parse_zone(struct argument *argument, struct arena *arena, struct err *err)
{
	const char *text = argument->text, *equals = strchr(text, '=');
	struct dnsbl_filter *filter;

	argument->zone = arena_strndup(arena, text, strcspn(text, "="));
	if (equals == NULL)
		return 0;
	filter = arena_alloc(arena, sizeof *filter);
	argument->filter = filter;
	if (dnsbl_filter_parse(equals + 1, filter, err))
		return 0;
	err_add(err, "bad DNS list filter in \"%s\"", text);
	return -1;
}

static int
parse_seconds(struct argument *argument, struct err *err)
{
	char *end;

	argument->seconds = strtol(argument->text, &end, 10);
	if (isdigit((unsigned char)argument->text[0]) && *end == '\0' &&
	    argument->seconds <= 86400)
		return 0;
	err_set(err, "must be followed by number");
	return -1;
}

static int
parse_score(struct argument *argument, struct err *err)
{
	enum { MOST = 1000000 };
	const char *text = argument->text;
	char *end;

	argument->score = strtol(text, &end, 10);
	if (isdigit((unsigned char)text[*text == '-' ? 1 : 0]) &&
	    *end == '\0' && argument->score <= MOST && argument->score >= -MOST)
		return 0;
	err_set(err, "must be followed by number");
	return -1;
}

/* "search_order = cert_fingerprint, pubkey_fingerprint" */
static int
parse_order(struct argument *argument, const char *text, struct arena *arena,
    struct err *err)
{
	const char *equals = strchr(text, '='), *word;
	size_t n = 0, name = strcspn(text, " \t\r\n=");

	if (equals == NULL || name != strlen("search_order") ||
	    strncmp(text, "search_order", name) != 0) {
		err_set(err, "unknown map attribute in '%s': '%.*s'",
		    argument->text, (int)name, text);
		return -1;
	}
	equals++;
	while ((word = conf_word(&equals, arena)) != NULL) {
		if (n == 2) {
			err_set(err, "search_order is too long");
			return -1;
		}
		if (strcasecmp(word, "cert_fingerprint") == 0) {
			argument->prints[n++] = ARGUMENT_PRINT_CERTIFICATE;
		} else if (strcasecmp(word, "pubkey_fingerprint") == 0) {
			argument->prints[n++] = ARGUMENT_PRINT_KEY;
		} else {
			err_set(err, "unknown search type '%s' in '%s'", word,
			    argument->text);
			return -1;
		}
	}
	argument->prints[n] = ARGUMENT_PRINT_END;
	return 0;
}

/* What stands between the braces of ${text}. */
static const char *
inside(const char *text, struct arena *arena)
{
	size_t n = strlen(text);

	return n > 1 && text[0] == '{' && text[n - 1] == '}'
	    ? arena_strndup(arena, text + 1 + strspn(text + 1, " \t"),
		  n - 2 - strspn(text + 1, " \t"))
	    : text;
}

static int
parse_certificate(struct argument *argument, struct conf *conf,
    struct arena *arena, struct err *err)
{
	const char *rest = inside(argument->text, arena);
	const char *spec = conf_word(&rest, arena), *order;

	argument->prints[0] = ARGUMENT_PRINT_CERTIFICATE;
	argument->prints[1] = ARGUMENT_PRINT_KEY;
	order = argument->text[0] == '{' ? conf_word(&rest, arena) : NULL;
	if (order != NULL &&
	    parse_order(argument, inside(order, arena), arena, err) != 0)
		return -1;
	return parse_table(
	    argument, spec != NULL ? spec : argument->text, conf, err);
}

int
argument_parse(struct argument *argument, const char *text, struct conf *conf,
    struct arena *arena, struct err *err)
{
	argument->text = arena_strdup(arena, text);
	switch (argument->kind) {
	case ARGUMENT_NONE:
		return 0;
	case ARGUMENT_TABLE:
		return parse_table(argument, text, conf, err);
	case ARGUMENT_ZONE:
		return parse_zone(argument, arena, err);
	case ARGUMENT_SECONDS:
		return parse_seconds(argument, err);
	case ARGUMENT_SCORE:
		return parse_score(argument, err);
	case ARGUMENT_CERTIFICATE:
		return parse_certificate(argument, conf, arena, err);
	case ARGUMENT_SERVICE:
		argument->service = policy_service_parse(text, arena, err);
		return argument->service != NULL ? 0 : -1;
	case ARGUMENT_RATE:
		argument->rate = rate_spec_parse(text, conf, arena, err);
		return argument->rate != NULL ? 0 : -1;
	}
	return -1;
}

void
argument_close(struct argument *argument)
{
	if (argument->table != NULL)
		table_close(argument->table);
	argument->table = NULL;
}

bool
argument_blocks(const struct argument *argument)
{
	return argument->table != NULL &&
	    (table_flags(argument->table) & TABLE_MAY_BLOCK) != 0;
}

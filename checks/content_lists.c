/* content_lists.c - see content_lists.h. */
#include "checks/content_lists.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "checks/checks_params.h"

enum { LISTS = CONTENT_BODY + 1 };

static void
add_error(
    struct err *all, const struct conf *conf, const char *name, struct err *one)
{
	err_add(one, "%s", name);
	conf_blame(conf, name, one);
	err_also(all, "%s", one->text);
}

static void
open_lists(struct content_lists *l,
    const struct content_lists_name names[static LISTS], struct conf *conf,
    struct err *err)
{
	for (size_t i = 0; i < LISTS; i++) {
		struct err one = { "" };
		struct table_list *list =
		    table_list_open_as(names[i].tables, names[i].name, conf,
			TABLE_KEEP_CASE | TABLE_ANY_OCTETS, l->arena, &one);

		/* A default that is header_checks again has no news. */
		if (one.text[0] != '\0' &&
		    (i == 0 || strcmp(names[i].tables, names[0].tables) != 0))
			add_error(err, conf, names[i].name, &one);
		if (list->count > 0)
			l->tables[i] = list;
	}
}

static unsigned
reports(const struct checks_params *p, bool lists)
{
	unsigned sum = 0;

	if (p->disable_mime_input_processing)
		return 0;
	if (p->strict_8bitmime || p->strict_7bit_headers)
		sum |= MIME_FAULT_8BIT_HEADER;
	if (p->strict_8bitmime || p->strict_8bitmime_body)
		sum |= MIME_FAULT_8BIT_BODY;
	if (p->strict_mime_encoding_domain)
		sum |= MIME_FAULT_ENCODING;
	if (p->weir_strict_mime_structure)
		sum |= MIME_FAULT_AMBIGUOUS;
	if (sum != 0 || lists)
		sum |= MIME_FAULT_NESTING;
	return sum;
}

static bool
has_lists(const struct content_lists *l)
{
	for (size_t i = 0; i < LISTS; i++)
		if (l->tables[i] != NULL)
			return true;
	return false;
}

/* With the limits that all checks have. */
static struct content_lists *
begin(struct conf *conf, size_t header_size, size_t line_length,
    struct checks_params *params)
{
	struct content_lists *l = calloc(1, sizeof *l);

	if (l == NULL)
		fatal("out of memory");
	l->arena = arena_new();
	/* A mistake in them is told by who reads them first. */
	(void)param_load(&checks_params_table, conf, l->arena, params, NULL);
	l->options = (struct mime_options){
		.header_size = header_size,
		.line_length = line_length,
		.boundary_length = (size_t)params->mime_boundary_length_limit,
		.nesting = (size_t)params->mime_nesting_limit,
	};
	return l;
}

static void
open_common(struct content_lists *l, const struct checks_params *params,
    struct conf *conf, struct err *err)
{
	const struct content_lists_name lists[LISTS] = {
		[CONTENT_HEADER] = { "header_checks", params->header_checks },
		[CONTENT_MIME] = { "mime_header_checks",
		    params->mime_header_checks },
		[CONTENT_NESTED] = { "nested_header_checks",
		    params->nested_header_checks },
		[CONTENT_BODY] = { "body_checks", params->body_checks },
	};

	open_lists(l, lists, conf, err);
	l->options.convert = params->force_mime_input_conversion &&
	    !params->disable_mime_input_processing;
	l->options.reports = reports(params, has_lists(l));
	l->detect = params->detect_8bit_encoding_header;
}

/* Those of a class.  What it does not say about the headers of parts is what it
 * says about headers, as in the lists for all. */
static void
open_class(struct content_lists *l, const char *class, struct conf *conf,
    struct err *err)
{
	static const char *const suffixes[LISTS] = {
		[CONTENT_HEADER] = "header_checks",
		[CONTENT_MIME] = "mime_header_checks",
		[CONTENT_NESTED] = "nested_header_checks",
		[CONTENT_BODY] = "body_checks",
	};
	struct content_lists_name lists[LISTS];

	for (size_t i = 0; i < LISTS; i++) {
		struct err one = { "" };

		lists[i].name =
		    arena_printf(l->arena, "%s_%s", class, suffixes[i]);
		lists[i].tables = conf_get(conf, lists[i].name, l->arena, &one);
		if (lists[i].tables == NULL)
			add_error(err, conf, lists[i].name, &one);
		if (lists[i].tables == NULL)
			lists[i].tables = "";
		if (i != CONTENT_BODY && !conf_is_set(conf, lists[i].name))
			lists[i].tables = lists[CONTENT_HEADER].tables;
	}
	open_lists(l, lists, conf, err);
	l->apart = true;
	if (has_lists(l) && !l->options.plain)
		l->options.reports = MIME_FAULT_NESTING;
}

struct content_lists *
content_lists_open(struct conf *conf, const char *class, size_t header_size,
    size_t line_length, struct err *err)
{
	struct checks_params params;
	struct content_lists *l =
	    begin(conf, header_size, line_length, &params);

	l->body_size = (size_t)params.body_checks_size_limit;
	l->options.plain = params.disable_mime_input_processing;
	if (class != NULL)
		open_class(l, class, conf, err);
	else
		open_common(l, &params, conf, err);
	return l;
}

/* A parameter of those who take mail in, who say what is wrong with it. */
static size_t
limit_of(struct conf *conf, struct arena *arena, const char *name, size_t usual)
{
	const char *text = conf_get(conf, name, arena, NULL);
	size_t limit = text != NULL ? strtoul(text, NULL, 10) : 0;

	return limit > 0 ? limit : usual;
}

struct content_lists *
content_lists_open_sending(struct conf *conf, const char *agent,
    const struct content_lists_name names[static LISTS], struct err *err)
{
	struct checks_params params;
	struct content_lists *l = begin(conf, 0, 0, &params);
	struct content_lists_name named[LISTS];

	for (size_t i = 0; i < LISTS; i++)
		named[i] = (struct content_lists_name){
			arena_printf(l->arena, "%s_%s", agent, names[i].name),
			names[i].tables,
		};
	l->sending = true;
	l->options.header_size =
	    limit_of(conf, l->arena, "header_size_limit", 102400);
	l->options.line_length =
	    limit_of(conf, l->arena, "line_length_limit", 2048);
	open_lists(l, named, conf, err);
	return l;
}

void
content_lists_close(struct content_lists *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < LISTS; i++)
		table_list_close(l->tables[i]);
	arena_free(l->arena);
	free(l);
}

bool
content_lists_only_detect(const struct content_lists *l)
{
	return !has_lists(l) && l->options.reports == 0 && !l->options.convert;
}

bool
content_lists_idle(const struct content_lists *l)
{
	return content_lists_only_detect(l) && !l->detect;
}

bool
content_lists_block(const struct content_lists *l)
{
	unsigned flags = 0;

	for (size_t i = 0; i < LISTS; i++)
		if (l->tables[i] != NULL)
			flags |= table_list_flags(l->tables[i]);
	return (flags & TABLE_MAY_BLOCK) != 0;
}

void
content_lists_tables(struct content_lists *l,
    void (*fn)(void *arg, struct table *table), void *arg)
{
	for (size_t i = 0; i < LISTS; i++)
		for (size_t j = 0;
		     l->tables[i] != NULL && j < l->tables[i]->count; j++)
			fn(arg, l->tables[i]->tables[j]);
}

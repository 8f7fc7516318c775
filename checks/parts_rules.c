/* parts_rules.c - see parts_rules.h. */
#include "checks/parts_rules.h"

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "checks/checks_params.h"
#include "rules/table.h"

static void
open_tables(struct parts_rules *rules, const char *name, struct conf *conf,
    struct err *err)
{
	struct err one = { "" };
	const char *text = conf_get(conf, name, rules->arena, &one);

	if (text != NULL)
		rules->list = table_list_open_as(text, name, conf,
		    TABLE_KEEP_CASE | TABLE_ANY_OCTETS, rules->arena, &one);
	if (one.text[0] == '\0')
		return;
	err_add(&one, "%s", name);
	conf_blame(conf, name, &one);
	err_also(err, "%s", one.text);
}

bool
parts_rules_open(struct parts_rules *rules, const struct parts_rules_name *name,
    struct conf *conf, struct checks_params *params, struct err *err)
{
	const char *parameter = name->parameter;

	rules->arena = arena_new();
	/* A mistake in them is told by who reads them first. */
	(void)param_load(
	    &checks_params_table, conf, rules->arena, params, NULL);
	rules->apart = name->class != NULL;
	if (rules->apart)
		parameter = arena_printf(
		    rules->arena, "%s_%s", name->class, name->parameter);
	open_tables(rules, parameter, conf, err);
	rules->options = (struct mime_options){
		.header_size = name->header_size,
		.line_length = name->line_length,
		.boundary_length = (size_t)params->mime_boundary_length_limit,
		.nesting = (size_t)params->mime_nesting_limit,
		.plain = params->disable_mime_input_processing,
		.reports = MIME_FAULT_NESTING,
	};
	return rules->list != NULL && rules->list->count > 0;
}

void
parts_rules_close(struct parts_rules *rules)
{
	table_list_close(rules->list);
	arena_free(rules->arena);
}

bool
parts_rules_block(const struct parts_rules *rules)
{
	return (table_list_flags(rules->list) & TABLE_MAY_BLOCK) != 0;
}

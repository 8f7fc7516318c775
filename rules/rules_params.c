/* rules_params.c - see rules_params.h. */
#include "rules/rules_params.h"

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct rules_params, name),            \
		__VA_ARGS__ },
#include "rules/params.def"
#undef PARAM
};

const struct param_table rules_params_table = {
	.directory = "rules",
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
	.size = sizeof(struct rules_params),
};

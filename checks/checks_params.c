/* checks_params.c - see checks_params.h. */
#include "checks/checks_params.h"

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct checks_params, name),           \
		__VA_ARGS__ },
#include "checks/params.def"
#undef PARAM
};

const struct param_table checks_params_table = {
	.directory = "checks",
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
	.size = sizeof(struct checks_params),
};

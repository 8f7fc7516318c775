/* weir_params.c - see weir_params.h. */
#include "weir/weir_params.h"

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct weir_params, name),             \
		__VA_ARGS__ },
#include "weir/params.def"
#undef PARAM
};

const struct param_table weir_params_table = {
	.directory = "weir",
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
	.size = sizeof(struct weir_params),
};

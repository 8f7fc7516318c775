/* classes_params.c - see classes_params.h. */
#include "classes/classes_params.h"

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct classes_params, name),          \
		__VA_ARGS__ },
#include "classes/params.def"
#undef PARAM
};

const struct param_table classes_params_table = {
	.directory = "classes",
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
	.size = sizeof(struct classes_params),
};

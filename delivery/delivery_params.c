/* delivery_params.c - see delivery_params.h. */
#include "delivery/delivery_params.h"

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct delivery_params, name),         \
		__VA_ARGS__ },
#include "delivery/params.def"
#undef PARAM
};

const struct param_table delivery_params_table = {
	.directory = "delivery",
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
	.size = sizeof(struct delivery_params),
};

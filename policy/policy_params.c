/* policy_params.c - see policy_params.h. */
#include "policy/policy_params.h"

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct policy_params, name),           \
		__VA_ARGS__ },
#include "policy/params.def"
#undef PARAM
};

const struct param_table policy_params_table = {
	.directory = "policy",
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
	.size = sizeof(struct policy_params),
};

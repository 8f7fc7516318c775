/* proxy_params.c - see proxy_params.h. */
#include "proxy/proxy_params.h"

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct proxy_params, name),            \
		__VA_ARGS__ },
#include "proxy/params.def"
#undef PARAM
};

const struct param_table proxy_params_table = {
	.directory = "proxy",
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
	.size = sizeof(struct proxy_params),
};

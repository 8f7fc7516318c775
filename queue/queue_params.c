/* queue_params.c - see queue_params.h. */
#include "queue/queue_params.h"

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct queue_params, name),            \
		__VA_ARGS__ },
#include "queue/params.def"
#undef PARAM
	{ "2bounce_notice_recipient", PARAM_text,
	    offsetof(struct queue_params, notice_2bounce), "postmaster", NULL,
	    NULL,
	    "who gets undeliverable bounce messages, if notify_classes has "
	    "2bounce" },
};

const struct param_table queue_params_table = {
	.directory = "queue",
	.rows = rows,
	.count = sizeof rows / sizeof rows[0],
	.size = sizeof(struct queue_params),
};

/* queue_params.h - the parameters of the queue. */
#ifndef QUEUE_QUEUE_PARAMS_H
#define QUEUE_QUEUE_PARAMS_H

#include "base/param.h"

struct queue_params {
#define PARAM(name, type, ...) param_##type name;
#include "queue/params.def"
#undef PARAM
	/* Its name begins with a digit, which no member's does. */
	param_text notice_2bounce;
};

extern const struct param_table queue_params_table;

#endif

/* delivery_params.h - the parameters of the delivering agents. */
#ifndef DELIVERY_DELIVERY_PARAMS_H
#define DELIVERY_DELIVERY_PARAMS_H

#include "base/param.h"

struct delivery_params {
#define PARAM(name, type, ...) param_##type name;
#include "delivery/params.def"
#undef PARAM
};

extern const struct param_table delivery_params_table;

#endif

/* weir_params.h - the parameters of the supervisor. */
#ifndef WEIR_WEIR_PARAMS_H
#define WEIR_WEIR_PARAMS_H

#include "base/param.h"

struct weir_params {
#define PARAM(name, type, ...) param_##type name;
#include "weir/params.def"
#undef PARAM
};

extern const struct param_table weir_params_table;

#endif

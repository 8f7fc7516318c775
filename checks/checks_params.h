/* checks_params.h - the parameters of the restrictions. */
#ifndef CHECKS_CHECKS_PARAMS_H
#define CHECKS_CHECKS_PARAMS_H

#include "base/param.h"

struct checks_params {
#define PARAM(name, type, ...) param_##type name;
#include "checks/params.def"
#undef PARAM
};

extern const struct param_table checks_params_table;

#endif

/* rules_params.h - the parameters of addresses and routing. */
#ifndef RULES_RULES_PARAMS_H
#define RULES_RULES_PARAMS_H

#include "base/param.h"

struct rules_params {
#define PARAM(name, type, ...) param_##type name;
#include "rules/params.def"
#undef PARAM
};

extern const struct param_table rules_params_table;

#endif

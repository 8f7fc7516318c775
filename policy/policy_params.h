/* policy_params.h - the parameters of the policy server. */
#ifndef POLICY_POLICY_PARAMS_H
#define POLICY_POLICY_PARAMS_H

#include "base/param.h"

struct policy_params {
#define PARAM(name, type, ...) param_##type name;
#include "policy/params.def"
#undef PARAM
};

extern const struct param_table policy_params_table;

#endif

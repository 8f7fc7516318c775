/* classes_params.h - the parameters of the restriction lists. */
#ifndef CLASSES_CLASSES_PARAMS_H
#define CLASSES_CLASSES_PARAMS_H

#include "base/param.h"

struct classes_params {
#define PARAM(name, type, ...) param_##type name;
#include "classes/params.def"
#undef PARAM
};

extern const struct param_table classes_params_table;

#endif

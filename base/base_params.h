/* base_params.h - the parameters of params.def, and how the names and networks
 * of this host are found out. */
#ifndef BASE_BASE_PARAMS_H
#define BASE_BASE_PARAMS_H

#include "base/param.h"

struct base_params {
#define PARAM(name, type, ...) param_##type name;
#include "base/params.def"
#undef PARAM
};

extern const struct param_table base_params_table;

/* base_params_qualified(conf): the host has a name with a domain, by the
 * system or by main.cf.  If not, myhostname ends in ".localdomain", which is
 * worth a warning. */
bool base_params_qualified(const struct conf *conf);

#endif

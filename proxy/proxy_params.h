/* proxy_params.h - the SMTP server's parameters: see params.def. */
#ifndef PROXY_PROXY_PARAMS_H
#define PROXY_PROXY_PARAMS_H

#include "base/param.h"

struct proxy_params {
#define PARAM(name, type, ...) param_##type name;
#include "proxy/params.def"
#undef PARAM
};

extern const struct param_table proxy_params_table;

#endif

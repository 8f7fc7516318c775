/* level.h - compatibility levels ("3.6"), as in ${{$level} <level {3.6}}. */
#ifndef BASE_LEVEL_H
#define BASE_LEVEL_H

#include "base/macro.h"

/* The comparisons that main.cf knows beside the plain ones. */
extern const struct macro_order level_orders[];

#endif

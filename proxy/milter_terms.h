/* milter_terms.h - what a milter and we agree about when we have connected. */
#ifndef PROXY_MILTER_TERMS_H
#define PROXY_MILTER_TERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/milter_setting.h"

struct arena;
struct milter_wire;

struct milter_terms {
	uint32_t version;
	uint32_t steps; /* SMFIP_*: what it does not want, and so on */
	/* The macros that it wants; NULL: those that the configuration says. */
	const char *macros[MILTER_SETTING_STAGES];
};

/*
 * milter_terms_agree(wire, setting, arena, terms):
 * Say what we can do, and read what the milter makes of it; blocks for its
 * time limit at most.  Macros live in ${arena}.  False: there is no agreement,
 * which is logged.
 */
bool milter_terms_agree(struct milter_wire *wire,
    const struct milter_setting *setting, struct arena *arena,
    struct milter_terms *terms);

#endif

/* trial_rules.h - the restriction lists of a configuration, compiled to be
 * tried. */
#ifndef WEIR_TRIAL_RULES_H
#define WEIR_TRIAL_RULES_H

#include <stdbool.h>

struct conf;
struct route;
struct rules;

/* Zero-initialised: none. */
struct trial_rules {
	struct route *route;
	struct rules *lists;
};

/* trial_rules_open(rules, conf, beside): compile those of ${conf}, unless that
 * is done; ${beside}: as for a policy server.  What is wrong with the
 * configuration is said on stderr, and tried all the same: so is it by a
 * server that starts. */
void
trial_rules_open(struct trial_rules *rules, struct conf *conf, bool beside);

/* trial_rules_close(rules): forget them. */
void trial_rules_close(struct trial_rules *rules);

#endif

/* trial_rules.c - see trial_rules.h. */
#include "weir/trial_rules.h"

#include <stdio.h>

#include "base/err.h"
#include "classes/stage.h"
#include "rules/route.h"

void
trial_rules_open(struct trial_rules *rules, struct conf *conf, bool beside)
{
	struct err err = { 0 };

	if (rules->lists != NULL)
		return;
	rules->route = route_open(conf, &err);
	rules->lists = beside
	    ? stage_compile_beside(conf, rules->route, false, &err)
	    : stage_compile(conf, rules->route, false, &err);
	stage_allow_open(rules->lists);
	if (err.text[0] != '\0')
		(void)fprintf(stderr, "%s\n", err.text);
}

void
trial_rules_close(struct trial_rules *rules)
{
	stage_free(rules->lists);
	if (rules->route != NULL)
		route_close(rules->route);
	*rules = (struct trial_rules){ 0 };
}

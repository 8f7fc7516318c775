/* policy_door.c - see policy_door.h. */
#include "policy/policy_door.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/master.h"
#include "classes/beside.h"
#include "classes/stage.h"
#include "rules/route.h"

/* A parameter of another directory. */
static const char *
text_of(struct policy_door *door, const char *name, struct err *all)
{
	struct err err = { 0 };
	const char *text = conf_get(door->conf, name, door->arena, &err);

	err_move(all, &err);
	return text != NULL ? text : "";
}

bool
policy_door_is(const struct master_service *master)
{
	return (master->type == MASTER_INET || master->type == MASTER_UNIX) &&
	    strcmp(master->command, "policy") == 0;
}

static void
open_all(struct policy_door *door, bool strict, struct err *all)
{
	const struct master_service *master = door->master;
	struct err err = { 0 };

	door->syslog_name = text_of(door, "syslog_name", all);
	(void)param_bool(
	    text_of(door, "weir_trace_all", all), &door->trace_all);
	door->most_busy = master->maxproc >= 0
	    ? master->maxproc
	    : (int)strtol(
		  text_of(door, "default_process_limit", all), NULL, 10);
	door->route = route_open(door->conf, &err);
	err_move(all, &err);
	door->rules =
	    stage_compile_beside(door->conf, door->route, strict, &err);
	err_move(all, &err);
}

struct policy_door *
policy_door_open(const struct master_service *master, struct conf *conf,
    bool strict, struct err *err)
{
	struct policy_door *door = calloc(1, sizeof *door);
	struct err all = { 0 };

	if (door == NULL)
		fatal("out of memory");
	door->arena = arena_new();
	door->master = master;
	door->conf = master_view(master, conf);
	beside_settle(door->conf, master);
	if (param_load(&policy_params_table, door->conf, door->arena,
		&door->params, err) != 0) {
		policy_door_close(door);
		return NULL;
	}
	open_all(door, strict, &all);
	err_move(err, &all);
	if (door->rules == NULL || (strict && err->text[0] != '\0')) {
		policy_door_close(door);
		return NULL;
	}
	return door;
}

void
policy_door_close(struct policy_door *door)
{
	if (door == NULL)
		return;
	stage_free(door->rules);
	if (door->route != NULL)
		route_close(door->route);
	conf_free(door->conf);
	arena_free(door->arena);
	free(door);
}

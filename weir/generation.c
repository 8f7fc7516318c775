/* generation.c - see generation.h. */
#include "weir/generation.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "checks/checks_params.h"
#include "classes/classes_params.h"
#include "delivery/delivery_params.h"
#include "proxy/proxy_params.h"
#include "queue/queue_params.h"
#include "rules/rules_params.h"

static const struct param_table *const tables[] = {
	&base_params_table,
	&rules_params_table,
	&checks_params_table,
	&classes_params_table,
	&queue_params_table,
	&delivery_params_table,
	&proxy_params_table,
	&weir_params_table,
	NULL,
};

const struct param_table *const *
generation_tables(void)
{
	return tables;
}

static int
load(struct generation *g, const char *dir, struct err *err)
{
	const char *path = arena_printf(g->arena, "%s/master.cf", dir);

	g->conf = conf_read(dir, tables, err);
	if (g->conf == NULL ||
	    master_read(path, g->arena, &g->master, err) != 0 ||
	    param_load(&base_params_table, g->conf, g->arena, &g->base, err) !=
		0 ||
	    param_load(&weir_params_table, g->conf, g->arena, &g->weir, err) !=
		0)
		return -1;
	g->run_dir = arena_printf(g->arena, "%s/run", g->base.queue_directory);
	g->store_dir =
	    arena_printf(g->arena, "%s/store", g->base.queue_directory);
	g->state_dir =
	    arena_printf(g->arena, "%s/state", g->base.data_directory);
	return 0;
}

struct generation *
generation_read(const char *dir, struct err *err)
{
	struct generation *g = calloc(1, sizeof *g);

	if (g == NULL)
		fatal("out of memory");
	g->arena = arena_new();
	if (load(g, dir, err) == 0)
		return g;
	generation_free(g);
	return NULL;
}

void
generation_free(struct generation *g)
{
	if (g == NULL)
		return;
	if (g->conf != NULL)
		conf_free(g->conf);
	arena_free(g->arena);
	free(g);
}

const char *
generation_socket(const struct generation *g, const char *name)
{
	return arena_printf(g->arena, "%s/%s", g->run_dir, name);
}

/* generation.h - one generation of the configuration, as every process reads
 * it: main.cf, master.cf and the general parameters. */
#ifndef WEIR_GENERATION_H
#define WEIR_GENERATION_H

#include "base/base_params.h"
#include "base/master.h"
#include "weir/weir_params.h"

struct arena;
struct conf;
struct err;

struct generation {
	struct arena *arena;
	struct conf *conf;
	struct master master;
	struct base_params base;
	struct weir_params weir;
	const char *run_dir;   /* sockets of the roles */
	const char *store_dir; /* the queue */
	const char *state_dir; /* other embedded state */
};

/* generation_tables(): the parameter tables of all directories, ended by
 * NULL. */
const struct param_table *const *generation_tables(void);

/* generation_read(dir, err): NULL and "file:line: why" in ${err} if main.cf or
 * master.cf is malformed.  Free with generation_free(). */
struct generation *generation_read(const char *dir, struct err *err);
void generation_free(struct generation *g);

/* generation_socket(g, name): the path of a role's socket. */
const char *generation_socket(const struct generation *g, const char *name);

#endif

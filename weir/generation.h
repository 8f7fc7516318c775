/* generation.h - one generation of the configuration, as every process reads
 * it: main.cf, master.cf and the general parameters. */
#ifndef WEIR_GENERATION_H
#define WEIR_GENERATION_H

#include <stdbool.h>

#include "base/base_params.h"
#include "base/buf.h"
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
	struct buf main_text, master_text; /* as they were read */
	struct buf notice_text; /* of bounce_template_file, if it is set */
	bool has_notice_text;
	const char *users[2];     /* of a shared one: queue_users.h */
	int fd;                   /* generation_share() */
	const char *run_dir;      /* sockets of the roles */
	const char *store_dir;    /* the queue */
	const char *state_dir;    /* other embedded state */
	const char *patterns_dir; /* compiled patterns */
};

/* generation_tables(): the parameter tables of all directories, ended by
 * NULL. */
const struct param_table *const *generation_tables(void);

/* generation_read(dir, err): NULL and "file:line: why" in ${err} if main.cf or
 * master.cf is malformed.  Free with generation_free(). */
struct generation *generation_read(const char *dir, struct err *err);
void generation_free(struct generation *g);

/* generation_check_notices(g, err): -1 and why: bounce_template_file cannot be
 * read, or not be used; notices then have the words that are built in. */
int generation_check_notices(const struct generation *g, struct err *err);

/*
 * generation_share(g, err): a descriptor (of ${g}) with the texts, for other
 * processes of the same generation; -1 and why.
 * generation_read_shared(dir, fd, err): read it there, as if it were in ${dir}.
 * So all processes of a generation read the same, those too that are started
 * again when the files have changed.
 */
int generation_share(struct generation *g, struct err *err);
struct generation *
generation_read_shared(const char *dir, int fd, struct err *err);

/* generation_socket(g, name): the path of a role's socket. */
const char *generation_socket(const struct generation *g, const char *name);

#endif

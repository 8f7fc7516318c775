/* generation.c - see generation.h. */
#include "weir/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/lines.h"
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

/* A protocol that is none would leave a service without an address. */
static int
check_protocols(const struct generation *g, struct err *err)
{
	const char *cursor = g->base.inet_protocols, *word;

	while ((word = conf_word(&cursor, g->arena)) != NULL)
		if (strcmp(word, "all") != 0 && strcmp(word, "ipv4") != 0 &&
		    strcmp(word, "ipv6") != 0) {
			err_set(err,
			    "unknown inet_protocols value \"%s\" in \"%s\"",
			    word, g->base.inet_protocols);
			conf_blame(g->conf, "inet_protocols", err);
			return -1;
		}
	return 0;
}

static int
load(struct generation *g, const char *dir, struct err *err)
{
	const char *path = arena_printf(g->arena, "%s/master.cf", dir);

	g->conf = conf_read_text(dir, &g->main_text, tables, err);
	if (g->conf == NULL ||
	    master_parse(path, buf_str(&g->master_text), g->arena, &g->master,
		err) != 0 ||
	    param_load(&base_params_table, g->conf, g->arena, &g->base, err) !=
		0 ||
	    param_load(&weir_params_table, g->conf, g->arena, &g->weir, err) !=
		0 ||
	    check_protocols(g, err) != 0)
		return -1;
	g->run_dir = arena_printf(g->arena, "%s/run", g->base.queue_directory);
	g->store_dir =
	    arena_printf(g->arena, "%s/store", g->base.queue_directory);
	g->state_dir =
	    arena_printf(g->arena, "%s/state", g->base.data_directory);
	g->patterns_dir =
	    arena_printf(g->arena, "%s/patterns", g->base.data_directory);
	return 0;
}

static struct generation *
generation_new(void)
{
	struct generation *g = calloc(1, sizeof *g);

	if (g == NULL)
		fatal("out of memory");
	g->arena = arena_new();
	g->fd = -1;
	return g;
}

struct generation *
generation_read(const char *dir, struct err *err)
{
	struct generation *g = generation_new();

	if (lines_load(arena_printf(g->arena, "%s/main.cf", dir), &g->main_text,
		err) == 0 &&
	    lines_load(arena_printf(g->arena, "%s/master.cf", dir),
		&g->master_text, err) == 0 &&
	    load(g, dir, err) == 0)
		return g;
	generation_free(g);
	return NULL;
}

/* The length of main.cf, main.cf and master.cf. */
int
generation_share(struct generation *g, struct err *err)
{
	struct buf all = { 0 };
	uint64_t n = g->main_text.len;
	bool good;

	if (g->fd >= 0)
		return g->fd;
	buf_put(&all, (const char *)&n, sizeof n);
	buf_put(&all, buf_str(&g->main_text), g->main_text.len);
	buf_put(&all, buf_str(&g->master_text), g->master_text.len);
	g->fd = memfd_create("configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	good = g->fd >= 0 &&
	    write(g->fd, all.data, all.len) == (ssize_t)all.len &&
	    fcntl(g->fd, F_ADD_SEALS,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
	if (!good)
		err_set(err, "memfd: %s", err_errno(errno));
	buf_free(&all);
	return good ? g->fd : -1;
}

struct generation *
generation_read_shared(const char *dir, int fd, struct err *err)
{
	struct generation *g = generation_new();
	struct stat st;
	struct buf all = { 0 };
	uint64_t n = 0;
	size_t size;

	if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof n) {
		size = (size_t)st.st_size;
		if (pread(fd, buf_reserve(&all, size), size, 0) ==
		    (ssize_t)size)
			buf_added(&all, size);
	}
	if (all.len >= sizeof n)
		memcpy(&n, all.data, sizeof n);
	if (all.len < sizeof n || n > all.len - sizeof n) {
		err_set(err, "no configuration was given");
	} else {
		buf_put(&g->main_text, all.data + sizeof n, n);
		buf_put(&g->master_text, all.data + sizeof n + n,
		    all.len - sizeof n - n);
	}
	buf_free(&all);
	if (err->text[0] == '\0' && load(g, dir, err) == 0)
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
	buf_free(&g->main_text);
	buf_free(&g->master_text);
	if (g->fd >= 0)
		(void)close(g->fd);
	free(g);
}

const char *
generation_socket(const struct generation *g, const char *name)
{
	return arena_printf(g->arena, "%s/%s", g->run_dir, name);
}

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
#include "base/event.h"
#include "base/fatal.h"
#include "base/lines.h"
#include "checks/checks_params.h"
#include "classes/classes_params.h"
#include "delivery/delivery_params.h"
#include "policy/policy_params.h"
#include "proxy/proxy_params.h"
#include "queue/bounce_text.h"
#include "queue/queue_params.h"
#include "rules/rules_params.h"
#include "weir/queue_users.h"

static const struct param_table *const tables[] = {
	&base_params_table,
	&rules_params_table,
	&checks_params_table,
	&classes_params_table,
	&policy_params_table,
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

/* The path of bounce_template_file; NULL: there is none. */
static const char *
notice_file(const struct generation *g)
{
	struct err err = { 0 };
	const char *path =
	    conf_get(g->conf, "bounce_template_file", g->arena, &err);

	return path != NULL && path[0] != '\0' ? path : NULL;
}

static void
read_notices(struct generation *g)
{
	const char *path = notice_file(g);
	struct err err = { 0 };

	g->has_notice_text =
	    path != NULL && lines_load(path, &g->notice_text, &err) == 0;
}

static const char *const users[] = { "authorized_mailq_users",
	"authorized_flush_users" };

/* For the queue role, as one text each. */
static void
read_users(struct generation *g, struct buf texts[2])
{
	for (size_t i = 0; i < 2; i++) {
		struct err err = { 0 };

		queue_users_print(g->conf, users[i], &texts[i], &err);
		if (err.text[0] != '\0')
			event_warning(NULL, "%s", err.text);
	}
}

static void
attach_notices(struct generation *g)
{
	if (g->has_notice_text)
		conf_attach(
		    g->conf, "bounce_template_file", buf_str(&g->notice_text));
}

int
generation_check_notices(const struct generation *g, struct err *err)
{
	struct bounce_template templates[BOUNCE_TEMPLATE_KINDS];
	const char *path = notice_file(g);
	struct buf text = { 0 };
	int status = 0;

	if (path != NULL && !g->has_notice_text)
		status = lines_load(path, &text, err);
	buf_free(&text);
	if (status == 0)
		status =
		    bounce_text_load(g->conf, g->arena, templates, false, err);
	return status;
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
	    load(g, dir, err) == 0) {
		read_notices(g);
		attach_notices(g);
		return g;
	}
	generation_free(g);
	return NULL;
}

/* What stands in front of the texts, in their order. */
struct shared {
	uint64_t main_len, master_len, notice_len, users_len[2];
	bool has_notice;
};

int
generation_share(struct generation *g, struct err *err)
{
	struct buf all = { 0 }, texts[2] = { { 0 }, { 0 } };
	struct shared head = { 0 };
	bool good;

	if (g->fd >= 0)
		return g->fd;
	read_users(g, texts);
	head.main_len = g->main_text.len;
	head.master_len = g->master_text.len;
	head.notice_len = g->notice_text.len;
	head.has_notice = g->has_notice_text;
	for (size_t i = 0; i < 2; i++)
		head.users_len[i] = texts[i].len;
	buf_put(&all, (const char *)&head, sizeof head);
	buf_put(&all, buf_str(&g->main_text), g->main_text.len);
	buf_put(&all, buf_str(&g->master_text), g->master_text.len);
	buf_put(&all, buf_str(&g->notice_text), g->notice_text.len);
	for (size_t i = 0; i < 2; i++) {
		buf_put(&all, texts[i].data, texts[i].len);
		buf_free(&texts[i]);
	}
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

/* Take ${all} apart.  False: it is not what generation_share() made. */
static bool
take_shared(struct generation *g, const struct buf *all)
{
	struct shared head;
	const char *p;

	if (all->len < sizeof head)
		return false;
	memcpy(&head, all->data, sizeof head);
	if (head.main_len + head.master_len + head.notice_len +
		head.users_len[0] + head.users_len[1] !=
	    all->len - sizeof head)
		return false;
	p = all->data + sizeof head;
	buf_put(&g->main_text, p, head.main_len);
	buf_put(&g->master_text, p + head.main_len, head.master_len);
	buf_put(&g->notice_text, p + head.main_len + head.master_len,
	    head.notice_len);
	g->has_notice_text = head.has_notice;
	p += head.main_len + head.master_len + head.notice_len;
	for (size_t i = 0; i < 2; p += head.users_len[i++])
		g->users[i] = arena_strndup(g->arena, p, head.users_len[i]);
	return true;
}

struct generation *
generation_read_shared(const char *dir, int fd, struct err *err)
{
	struct generation *g = generation_new();
	struct stat st;
	struct buf all = { 0 };
	bool good = false;
	size_t size;

	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		size = (size_t)st.st_size;
		if (pread(fd, buf_reserve(&all, size), size, 0) ==
		    (ssize_t)size)
			buf_added(&all, size);
	}
	if (!take_shared(g, &all))
		err_set(err, "no configuration was given");
	else
		good = load(g, dir, err) == 0;
	buf_free(&all);
	if (good) {
		attach_notices(g);
		for (size_t i = 0; i < 2; i++)
			conf_attach(g->conf, users[i], g->users[i]);
		return g;
	}
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
	buf_free(&g->notice_text);
	if (g->fd >= 0)
		(void)close(g->fd);
	free(g);
}

const char *
generation_socket(const struct generation *g, const char *name)
{
	return arena_printf(g->arena, "%s/%s", g->run_dir, name);
}

/* listeners.c - see listeners.h. */
#include "weir/listeners.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/net.h"
#include "policy/milterd_door.h"
#include "policy/policy_door.h"
#include "proxy/smtp_service.h"

enum { BACKLOG = 65535 };

/* A socket's life: bound and new (0), or committed (1). */
struct entry {
	struct listener listener; /* first, so that both are one address */
	bool committed;
	size_t copy;
};

static struct entry *
entry_of(struct listener *l)
{
	return (struct entry *)(void *)l;
}

static char *
copy_text(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

static void
drop(struct listener **place)
{
	struct listener *l = *place;

	*place = l->next;
	(void)close(l->fd);
	if (l->path != NULL)
		(void)unlink(l->path);
	free(l->service);
	free(l->command);
	free(l->host);
	free(l->port);
	free(l->path);
	free(entry_of(l));
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The socket of ${like}, copy number ${copy}; NULL: there is none yet. */
static struct listener *
find(struct listeners *all, const struct listener *like, size_t copy)
{
	struct listener *l;

	for (l = all->list; l != NULL; l = l->next)
		if (strcmp(l->service, like->service) == 0 &&
		    strcmp(l->command, like->command) == 0 &&
		    same_text(l->host, like->host) &&
		    same_text(l->port, like->port) &&
		    same_text(l->path, like->path) && entry_of(l)->copy == copy)
			break;
	return l;
}

/* Bind copy number ${copy} of a socket, unless it is there. */
static int
bind_one(struct listeners *all, const struct listener *like, size_t copy,
    struct err *err)
{
	struct listener *l = find(all, like, copy);
	struct entry *e;
	int fd;

	if (l != NULL) {
		l->wanted = true;
		return 0;
	}
	if (like->path != NULL) {
		net_await_unix(like->path, all->patience);
		fd = net_listen_unix(like->path, 0666, err);
	} else {
		fd = net_listen(like->host == NULL || like->host[0] == '\0'
			? NULL
			: like->host,
		    like->port, BACKLOG, true, err);
	}
	if (fd < 0)
		return -1;
	e = calloc(1, sizeof *e);
	if (e == NULL)
		fatal("out of memory");
	e->listener = (struct listener){ .next = all->list,
		.service = copy_text(like->service),
		.command = copy_text(like->command),
		.host = like->host != NULL ? copy_text(like->host) : NULL,
		.port = like->port != NULL ? copy_text(like->port) : NULL,
		.path = like->path != NULL ? copy_text(like->path) : NULL,
		.fd = fd,
		.wanted = true };
	e->copy = copy;
	all->list = &e->listener;
	return 0;
}

/* What one service asks for. */
struct request {
	struct listeners *all;
	const struct listeners_wish *wish;
	const struct master_service *service;
	size_t copies;
	struct err *err;
};

static int
bind_all(struct request *r, struct listener like)
{
	const struct master_service *s = r->service;
	char *name = copy_text(s->name), *command = copy_text(s->command);
	int status = 0;

	like.service = name;
	like.command = command;
	for (size_t i = 0; i < r->copies && status == 0; i++)
		status = bind_one(r->all, &like, i, r->err);
	if (status != 0)
		err_add(r->err, "%s:%u: service %s", s->origin.file,
		    s->origin.line, s->name);
	free(name);
	free(command);
	return status;
}

static int
bind_tcp(struct request *r, const char *host, const char *port)
{
	char *h = copy_text(host), *p = copy_text(port);
	int status = bind_all(r, (struct listener){ .host = h, .port = p });

	free(h);
	free(p);
	return status;
}

/* "all" and "loopback-only" by protocol, or a list of addresses. */
static int
bind_interfaces(struct request *r)
{
	struct arena *arena = arena_new();
	const char *cursor = r->wish->interfaces, *port = r->service->name;
	const char *protocols = r->wish->protocols;
	bool v4 = strstr(protocols, "ipv6") == NULL ||
	    strstr(protocols, "ipv4") != NULL;
	bool v6 =
	    strstr(protocols, "ipv6") != NULL || strcmp(protocols, "all") == 0;
	struct err *err = r->err;
	char *word;
	int status = 0;

	while (status == 0 && (word = conf_word(&cursor, arena)) != NULL) {
		if (strcmp(word, "all") == 0) {
			status = bind_tcp(r, v6 ? "" : "0.0.0.0", port);
		} else if (strcmp(word, "loopback-only") == 0) {
			if (v4)
				status = bind_tcp(r, "127.0.0.1", port);
			/* A machine without IPv6 has no ::1. */
			r->err = NULL;
			if (status == 0 && v6)
				(void)bind_tcp(r, "::1", port);
			r->err = err;
		} else {
			status = bind_tcp(r, word, port);
		}
	}
	arena_free(arena);
	return status;
}

static int
open_tcp(struct request *r)
{
	const char *name = r->service->name, *colon = strrchr(name, ':');
	char *host;
	size_t n;
	int status;

	if (colon == NULL)
		return bind_interfaces(r);
	n = (size_t)(colon - name);
	host = copy_text(name);
	host[n] = '\0';
	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		memmove(host, host + 1, n - 2);
		host[n - 2] = '\0';
	}
	status = bind_tcp(r, host, colon + 1);
	free(host);
	return status;
}

/* Where Postfix puts it: who may reach it depends on the directory. */
static int
open_unix(struct request *r)
{
	struct arena *arena = arena_new();
	int status = bind_all(r,
	    (struct listener){
		.path = arena_printf(arena, "%s/%s/%s", r->wish->directory,
		    r->service->private[0] == 'n' ? "public" : "private",
		    r->service->name) });

	arena_free(arena);
	return status;
}

static int
open_service(struct request *r)
{
	const struct master_service *s = r->service;
	bool spawn = strcmp(s->command, "spawn") == 0;
	bool milter = milterd_door_is(s);

	if (r->wish->only != NULL && strcmp(s->command, r->wish->only) != 0)
		return 0;
	if (!spawn && !milter && !smtp_service_is(s) && !policy_door_is(s))
		return 0;
	r->copies =
	    spawn || milter || s->type != MASTER_INET ? 1 : r->wish->copies;
	if (s->type == MASTER_INET)
		return open_tcp(r);
	return s->type == MASTER_UNIX || !spawn ? open_unix(r) : 0;
}

int
listeners_open(
    struct listeners *all, const struct listeners_wish *wish, struct err *err)
{
	struct request r = { .all = all, .wish = wish, .err = err };

	for (struct listener *l = all->list; l != NULL; l = l->next)
		l->wanted = false;
	for (size_t i = 0; i < wish->master->count; i++) {
		r.service = &wish->master->services[i];
		if (open_service(&r) != 0) {
			listeners_abort(all);
			return -1;
		}
	}
	return 0;
}

void
listeners_commit(struct listeners *all)
{
	struct listener **place = &all->list;

	while (*place != NULL)
		if ((*place)->wanted) {
			entry_of(*place)->committed = true;
			place = &(*place)->next;
		} else {
			drop(place);
		}
}

void
listeners_abort(struct listeners *all)
{
	struct listener **place = &all->list;

	while (*place != NULL)
		if (entry_of(*place)->committed) {
			(*place)->wanted = true;
			place = &(*place)->next;
		} else {
			drop(place);
		}
}

void
listeners_close(struct listeners *all)
{
	while (all->list != NULL)
		drop(&all->list);
}

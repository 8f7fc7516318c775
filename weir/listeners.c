/* listeners.c - see listeners.h. */
#include "weir/listeners.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/net.h"

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
	free(l->service);
	free(l->host);
	free(l->port);
	free(entry_of(l));
}

/* Bind copy number ${copy} of a socket, unless it is there. */
static int
bind_one(struct listeners *all, const char *service, const char *host,
    const char *port, size_t copy, struct err *err)
{
	struct entry *e;
	int fd;

	for (struct listener *l = all->list; l != NULL; l = l->next)
		if (strcmp(l->service, service) == 0 &&
		    strcmp(l->host, host) == 0 && strcmp(l->port, port) == 0 &&
		    entry_of(l)->copy == copy) {
			l->wanted = true;
			return 0;
		}
	fd =
	    net_listen(host[0] != '\0' ? host : NULL, port, BACKLOG, true, err);
	if (fd < 0)
		return -1;
	e = calloc(1, sizeof *e);
	if (e == NULL)
		fatal("out of memory");
	e->listener = (struct listener){ .next = all->list,
		.service = copy_text(service),
		.host = copy_text(host),
		.port = copy_text(port),
		.fd = fd,
		.wanted = true };
	e->copy = copy;
	all->list = &e->listener;
	return 0;
}

static int
bind_all(struct listeners *all, const struct master_service *s,
    const char *host, const char *port, size_t copies, struct err *err)
{
	for (size_t i = 0; i < copies; i++)
		if (bind_one(all, s->name, host, port, i, err) != 0) {
			err_add(err, "%s:%u: service %s", s->origin.file,
			    s->origin.line, s->name);
			return -1;
		}
	return 0;
}

/* "all" and "loopback-only" by protocol, or a list of addresses. */
static int
bind_interfaces(struct listeners *all, const struct master_service *s,
    const char *interfaces, const char *protocols, size_t copies,
    struct err *err)
{
	struct arena *arena = arena_new();
	const char *cursor = interfaces;
	bool v4 = strstr(protocols, "ipv6") == NULL ||
	    strstr(protocols, "ipv4") != NULL;
	bool v6 =
	    strstr(protocols, "ipv6") != NULL || strcmp(protocols, "all") == 0;
	char *word;
	int status = 0;

	while (status == 0 && (word = conf_word(&cursor, arena)) != NULL) {
		if (strcmp(word, "all") == 0) {
			status = bind_all(
			    all, s, v6 ? "" : "0.0.0.0", s->name, copies, err);
		} else if (strcmp(word, "loopback-only") == 0) {
			if (v4)
				status = bind_all(
				    all, s, "127.0.0.1", s->name, copies, err);
			/* A machine without IPv6 has no ::1. */
			if (status == 0 && v6)
				(void)bind_all(
				    all, s, "::1", s->name, copies, NULL);
		} else {
			status = bind_all(all, s, word, s->name, copies, err);
		}
	}
	arena_free(arena);
	return status;
}

static int
open_service(struct listeners *all, const struct master_service *s,
    const char *interfaces, const char *protocols, size_t copies,
    struct err *err)
{
	const char *colon = strrchr(s->name, ':');
	char *host;
	size_t n;
	int status;

	if (colon == NULL)
		return bind_interfaces(
		    all, s, interfaces, protocols, copies, err);
	n = (size_t)(colon - s->name);
	host = copy_text(s->name);
	host[n] = '\0';
	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		memmove(host, host + 1, n - 2);
		host[n - 2] = '\0';
	}
	status = bind_all(all, s, host, colon + 1, copies, err);
	free(host);
	return status;
}

int
listeners_open(struct listeners *all, const struct master *master,
    const char *interfaces, const char *protocols, size_t copies,
    struct err *err)
{
	for (struct listener *l = all->list; l != NULL; l = l->next)
		l->wanted = false;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *s = &master->services[i];

		if (s->type == MASTER_INET &&
		    strcmp(s->command, "smtpd") == 0 &&
		    open_service(all, s, interfaces, protocols, copies, err) !=
			0) {
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

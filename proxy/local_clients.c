/* local_clients.c - see local_clients.h. */
#include "proxy/local_clients.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/net.h"
#include "checks/subject.h"
#include "rules/match.h"

enum kind {
	OWN_INTERFACES,
	MYNETWORKS,
	LOGGED_IN,
	CERTIFICATE,
	ADDRESS_MAP,
};

struct element {
	struct element *next;
	enum kind kind;
	struct match *map;
};

enum { MOST_INTERFACES = 64 };

struct local_clients {
	struct element *first;
	struct match *mynetworks; /* the caller's */
	struct net_block own[MOST_INTERFACES];
	int nown;
};

static const struct {
	const char *name;
	enum kind kind;
} names[] = {
	{ "permit_inet_interfaces", OWN_INTERFACES },
	{ "permit_mynetworks", MYNETWORKS },
	{ "permit_sasl_authenticated", LOGGED_IN },
	{ "permit_tls_clientcerts", CERTIFICATE },
	{ "permit_tls_all_clientcerts", CERTIFICATE },
	{ "check_address_map", ADDRESS_MAP },
};

static const char parameter[] = "local_header_rewrite_clients";

static bool
read_element(struct element *e, const char *word, const char **cursor,
    struct conf *conf, struct arena *arena, struct err *err)
{
	size_t i, n = sizeof names / sizeof names[0];

	for (i = 0; i < n && strcasecmp(names[i].name, word) != 0; i++)
		continue;
	if (i < n)
		e->kind = names[i].kind;
	else if (strchr(word, ':') != NULL)
		e->kind = ADDRESS_MAP;
	else
		return false;
	if (i < n && e->kind == ADDRESS_MAP)
		word = conf_word(cursor, arena);
	if (e->kind == ADDRESS_MAP && word == NULL)
		return false;
	if (e->kind == ADDRESS_MAP)
		e->map = match_open(word, parameter, 0, conf, err);
	return true;
}

struct local_clients *
local_clients_open(const char *text, struct match *mynetworks,
    struct conf *conf, struct arena *arena, struct err *err)
{
	struct local_clients *list = arena_alloc(arena, sizeof *list);
	struct element **end = &list->first, *e;
	const char *word;

	list->mynetworks = mynetworks;
	list->nown = net_own_blocks("host", list->own, MOST_INTERFACES);
	while ((word = conf_word(&text, arena)) != NULL) {
		e = arena_alloc(arena, sizeof *e);
		if (!read_element(e, word, &text, conf, arena, err)) {
			err_set(err, "%s: bad element \"%s\"", parameter, word);
			continue;
		}
		*end = e;
		end = &e->next;
	}
	return list;
}

void
local_clients_close(struct local_clients *list)
{
	if (list == NULL)
		return;
	for (struct element *e = list->first; e != NULL; e = e->next)
		if (e->map != NULL)
			match_close(e->map);
}

unsigned
local_clients_flags(const struct local_clients *list)
{
	unsigned flags = 0;

	for (const struct element *e = list->first; e != NULL; e = e->next) {
		if (e->kind == ADDRESS_MAP)
			flags |= match_flags(e->map);
		else if (e->kind == MYNETWORKS)
			flags |= match_flags(list->mynetworks);
	}
	return flags;
}

static enum table_status
own_address(const struct local_clients *list, const struct net_addr *addr)
{
	for (int i = 0; i < list->nown; i++)
		if (net_block_has(&list->own[i], addr))
			return TABLE_FOUND;
	return TABLE_NONE;
}

static enum table_status
ask(const struct local_clients *list, const struct element *e,
    const struct subject *s, const struct net_addr *peer)
{
	switch (e->kind) {
	case OWN_INTERFACES:
		/* A Unix socket's is on this machine. */
		return peer->family == NET_UNIX ? TABLE_FOUND
						: own_address(list, peer);
	case LOGGED_IN:
		return s->sasl_username != NULL ? TABLE_FOUND : TABLE_NONE;
	case CERTIFICATE:
		return s->ccert_trusted ? TABLE_FOUND : TABLE_NONE;
	case MYNETWORKS:
		return match_client(list->mynetworks, s->world, s->arena,
		    s->client_name, &s->client);
	case ADDRESS_MAP:
		return match_client(
		    e->map, s->world, s->arena, s->client_name, &s->client);
	}
	return TABLE_NONE;
}

enum table_status
local_clients_has(struct local_clients *list, const struct subject *subject,
    const struct net_addr *peer)
{
	for (const struct element *e = list->first; e != NULL; e = e->next) {
		enum table_status status = ask(list, e, subject, peer);

		if (status != TABLE_NONE)
			return status;
	}
	return TABLE_NONE;
}

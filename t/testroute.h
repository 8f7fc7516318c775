/* testroute.h - a router with a main.cf of its own. */
#ifndef T_TESTROUTE_H
#define T_TESTROUTE_H

#include <stdlib.h>

#include "base/base_params.h"
#include "base/conf.h"
#include "base/err.h"
#include "rules/route.h"
#include "rules/rules_params.h"
#include "tap.h"
#include "testworld.h"

static struct arena *arena;
static struct testworld world;

struct site {
	struct conf *conf;
	struct route *route;
	struct err err;
};

static inline struct site
site_open(const char *text)
{
	static const struct param_table *const tables[] = { &base_params_table,
		&rules_params_table, NULL };
	static const char base[] =
	    "myhostname = mail.example.com\nmydomain = example.com\n"
	    "double_bounce_sender = double-bounce\n"
	    "inet_interfaces = 192.0.2.1, 127.0.0.1\n"
	    "proxy_interfaces = 198.51.100.1\nlocal_recipient_maps =\n"
	    "alias_maps =\n";
	struct site s = { .err = { "" } };

	s.conf = conf_parse(
	    "main.cf", arena_printf(arena, "%s%s", base, text), tables, &s.err);
	if (s.conf == NULL) {
		printf("Bail out! %s\n", s.err.text);
		exit(1);
	}
	s.route = route_open(s.conf, &s.err);
	return s;
}

static inline void
site_close(struct site *s)
{
	route_close(s->route);
	conf_free(s->conf);
}

static const char all_classes[] =
    "mydestination = $myhostname, localhost.$mydomain, $mydomain, localhost\n"
    "virtual_alias_domains = alias.example\n"
    "virtual_mailbox_domains = box.example\n"
    "virtual_transport = lmtp:unix:private/lmtp\n"
    "relay_domains = relay.example\n";

/* testroute_begin(): before the first router. */
static inline void
testroute_begin(void)
{
	arena = arena_new();
	world = testworld_new(NULL);
}

#endif

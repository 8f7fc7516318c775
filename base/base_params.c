/* base_params.c - see base_params.h. */
#include "base/base_params.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/net.h"

enum { MOST_BLOCKS = 256, HOST_NAME = 256 };

static const char no_domain[] = "localdomain";

static void
system_name(char name[HOST_NAME])
{
	if (gethostname(name, HOST_NAME - 1) != 0 || name[0] == '\0')
		(void)strncpy(name, "localhost", HOST_NAME);
	name[HOST_NAME - 1] = '\0';
}

/* The text of a parameter; "" for one with a mistake in it, which is reported
 * when the parameter itself is loaded. */
static const char *
get(struct conf *conf, const char *name, struct arena *arena)
{
	const char *text = conf_get(conf, name, arena, NULL);

	return text != NULL ? text : "";
}

static const char *
compute_myhostname(struct conf *conf, struct arena *arena)
{
	char name[HOST_NAME];
	const char *domain = no_domain;

	system_name(name);
	if (strchr(name, '.') != NULL)
		return arena_strdup(arena, name);
	if (conf_is_set(conf, "mydomain"))
		domain = get(conf, "mydomain", arena);
	return arena_printf(arena, "%s.%s", name, domain);
}

static const char *
compute_mydomain(struct conf *conf, struct arena *arena)
{
	const char *dot = strchr(get(conf, "myhostname", arena), '.');

	return dot != NULL ? dot + 1 : no_domain;
}

bool
base_params_qualified(const struct conf *conf)
{
	char name[HOST_NAME];

	system_name(name);
	return strchr(name, '.') != NULL || conf_is_set(conf, "myhostname") ||
	    conf_is_set(conf, "mydomain");
}

static const char *
compute_config_directory(struct conf *conf, struct arena *arena)
{
	(void)arena;
	return conf_dir(conf);
}

static const char *
compute_process_id(struct conf *conf, struct arena *arena)
{
	(void)conf;
	return arena_printf(arena, "%ld", (long)getpid());
}

static bool
is_loopback(const struct net_block *block)
{
	struct net_block loopback;

	return net_block_parse("127.0.0.0/8", &loopback, NULL) &&
	    (net_block_has(&loopback, &block->addr) ||
		(net_block_parse("::1", &loopback, NULL) &&
		    net_block_has(&loopback, &block->addr)));
}

/* Does the host called ${name} have an address in ${block}? */
static bool
has_host(const struct net_block *block, const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *all, *ai;
	struct net_addr addr;
	unsigned port;
	bool found = false;

	if (net_parse(name, &addr))
		return net_block_has(block, &addr);
	if (getaddrinfo(name, NULL, &hints, &all) != 0)
		return false;
	for (ai = all; ai != NULL && !found; ai = ai->ai_next)
		found = net_from_socket(ai->ai_addr, &addr, &port) &&
		    net_block_has(block, &addr);
	freeaddrinfo(all);
	return found;
}

/* Is ${block} one that inet_interfaces listens on? */
static bool
is_ours(
    const struct net_block *block, const char *interfaces, struct arena *arena)
{
	const char *word;

	while ((word = conf_word(&interfaces, arena)) != NULL) {
		if (strcasecmp(word, "all") == 0)
			return true;
		if (strcasecmp(word, "loopback-only") == 0 &&
		    is_loopback(block))
			return true;
		if (strcasecmp(word, "loopback-only") != 0 &&
		    has_host(block, word))
			return true;
	}
	return false;
}

static bool
has_protocol(const char *protocols, const char *want)
{
	return strstr(protocols, "all") != NULL ||
	    strstr(protocols, want) != NULL;
}

static const char *
compute_mynetworks(struct conf *conf, struct arena *arena)
{
	struct net_block blocks[MOST_BLOCKS];
	const char *style = get(conf, "mynetworks_style", arena), *text;
	const char *interfaces = get(conf, "inet_interfaces", arena);
	const char *protocols = get(conf, "inet_protocols", arena);
	const bool v4 = has_protocol(protocols, "ipv4");
	const bool v6 = has_protocol(protocols, "ipv6");
	char addr[NET_TEXT];
	struct buf out = { 0 };
	int n = net_own_blocks(style, blocks, MOST_BLOCKS);

	for (int i = 0; i < n; i++) {
		const bool is_v4 = blocks[i].addr.family == NET_IPV4;

		if (!(is_v4 ? v4 : v6) ||
		    !is_ours(&blocks[i], interfaces, arena))
			continue;
		(void)net_print(&blocks[i].addr, addr);
		buf_printf(&out, is_v4 ? "%s%s/%u" : "%s[%s]/%u",
		    out.len > 0 ? " " : "", addr, blocks[i].bits);
	}
	text = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return text;
}

static const struct param rows[] = {
#define PARAM(name, type, ...)                                                 \
	{ #name, PARAM_##type, offsetof(struct base_params, name),             \
		__VA_ARGS__ },
#include "base/params.def"
#undef PARAM
};

static const struct param_computed computed[] = {
	{ "config_directory", compute_config_directory },
	{ "process_id", compute_process_id },
	{ "myhostname", compute_myhostname },
	{ "mydomain", compute_mydomain },
	{ "mynetworks", compute_mynetworks },
	{ NULL, NULL },
};

const struct param_table base_params_table = {
	.directory = "base",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
	.size = sizeof(struct base_params),
	.computed = computed,
};

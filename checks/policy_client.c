/* policy_client.c - see policy_client.h. */
#include "checks/policy_client.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/dns.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/net.h"
#include "base/stream.h"
#include "base/utf8.h"
#include "rules/world.h"

/* What a server may answer at most, in lines and octets of a line. */
enum { MOST_LINE = 8192, MOST_LINES = 100, MOST_ADDRESSES = 8 };

struct connection {
	struct connection *next;
	char *endpoint;
	struct stream *stream;
	int64_t born, used;
	int64_t requests;
};

struct policy_client {
	struct policy_client_settings settings;
	pthread_mutex_t lock;
	struct connection *idle; /* the latest first */
};

struct policy_client *
policy_client_new(const struct policy_client_settings *settings)
{
	struct policy_client *client = calloc(1, sizeof *client);

	if (client == NULL)
		fatal("out of memory");
	client->settings = *settings;
	(void)pthread_mutex_init(&client->lock, NULL);
	return client;
}

static void
drop(struct connection *c)
{
	stream_close(c->stream);
	free(c->endpoint);
	free(c);
}

void
policy_client_free(struct policy_client *client)
{
	struct connection *c;

	if (client == NULL)
		return;
	while ((c = client->idle) != NULL) {
		client->idle = c->next;
		drop(c);
	}
	(void)pthread_mutex_destroy(&client->lock);
	free(client);
}

static bool
usable(const struct policy_client *client, const struct world_service *to,
    struct connection *c, int64_t now)
{
	const struct policy_client_settings *s = &client->settings;
	int64_t idle = to->max_idle >= 0 ? to->max_idle : s->max_idle;
	int64_t ttl = to->max_ttl >= 0 ? to->max_ttl : s->max_ttl;
	int64_t limit =
	    to->request_limit >= 0 ? to->request_limit : s->request_limit;

	return now - c->used < idle && now - c->born < ttl &&
	    (limit == 0 || c->requests < limit) && stream_alive(c->stream);
}

static struct connection *
unlink_idle(struct policy_client *client, const char *endpoint)
{
	struct connection **p, *c;

	(void)pthread_mutex_lock(&client->lock);
	for (p = &client->idle; (c = *p) != NULL; p = &c->next)
		if (strcmp(c->endpoint, endpoint) == 0)
			break;
	if (c != NULL)
		*p = c->next;
	(void)pthread_mutex_unlock(&client->lock);
	return c;
}

/* Take a kept connection to ${to}, if one is still good; those that are not
 * are closed.  Nobody holds the lock while he looks at one. */
static struct connection *
take(struct policy_client *client, const struct world_service *to)
{
	int64_t now = clock_mono();
	struct connection *c;

	while ((c = unlink_idle(client, to->endpoint)) != NULL &&
	    !usable(client, to, c, now))
		drop(c);
	return c;
}

static void
keep(struct policy_client *client, struct connection *c)
{
	c->used = clock_mono();
	(void)pthread_mutex_lock(&client->lock);
	c->next = client->idle;
	client->idle = c;
	(void)pthread_mutex_unlock(&client->lock);
}

/* The addresses of ${host}, which is most often one already. */
static size_t
find_host(struct arena *arena, const char *host, int64_t deadline,
    struct net_addr *addrs)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	size_t n;

	if (net_parse(host, &addrs[0]))
		return 1;
	n = dns_hosts_addrs(host, addrs, MOST_ADDRESSES);
	for (unsigned t = 0; t < 2 && n == 0; t++) {
		struct dns_answer answer;

		dns_ask(host, types[t], deadline, arena, &answer);
		for (size_t i = 0; answer.status == DNS_FOUND &&
		     i < answer.count && n < MOST_ADDRESSES;
		     i++, n++) {
			addrs[n].family = t == 0 ? NET_IPV4 : NET_IPV6;
			memcpy(addrs[n].octets, answer.records[i].octets,
			    sizeof addrs[n].octets);
		}
	}
	return n;
}

/* "host:port" or "[v6]:port" or "port". */
static struct stream *
connect_inet(
    struct arena *arena, const char *name, int64_t deadline, struct err *err)
{
	struct net_addr addrs[MOST_ADDRESSES];
	const char *colon = strrchr(name, ':'), *host = "127.0.0.1";
	struct stream *stream = NULL;
	unsigned port;
	size_t n;

	if (colon != NULL)
		host = arena_strndup(arena, name, (size_t)(colon - name));
	if (!net_port(colon != NULL ? colon + 1 : name, &port)) {
		err_set(err, "unknown port in %s", name);
		return NULL;
	}
	n = find_host(arena, host, deadline, addrs);
	if (n == 0)
		err_set(err, "host %s has no address", host);
	for (size_t i = 0; i < n && stream == NULL; i++)
		stream = stream_connect(&addrs[i], port, NULL, deadline, err);
	return stream;
}

static struct stream *
connect_to(struct policy_client *client, struct arena *arena,
    const char *endpoint, int64_t deadline, struct err *err)
{
	const char *name = strchr(endpoint, ':');

	must(name != NULL);
	name++;
	if (strncmp(endpoint, "inet:", 5) == 0)
		return connect_inet(arena, name, deadline, err);
	if (name[0] != '/')
		name = arena_printf(
		    arena, "%s/%s", client->settings.directory, name);
	return stream_connect_unix(name, deadline, err);
}

static struct connection *
open_connection(struct policy_client *client, struct arena *arena,
    const char *endpoint, int64_t deadline, struct err *err)
{
	struct stream *stream =
	    connect_to(client, arena, endpoint, deadline, err);
	struct connection *c;

	if (stream == NULL)
		return NULL;
	c = calloc(1, sizeof *c);
	if (c == NULL || (c->endpoint = strdup(endpoint)) == NULL)
		fatal("out of memory");
	c->stream = stream;
	c->born = c->used = clock_mono();
	return c;
}

static const char *
failure(struct stream *stream, enum stream_status status)
{
	switch (status) {
	case STREAM_EOF:
		return "the server has hung up";
	case STREAM_TIMEOUT:
		return "the server takes too long";
	case STREAM_TOO_LONG:
		return "the answer is too long";
	default:
		return stream_reason(stream);
	}
}

/* Read "action=..." and the empty line behind it.  NULL: why in ${err}. */
static const char *
read_answer(struct connection *c, struct arena *arena, struct err *err)
{
	const char *action = NULL;
	enum stream_status status;
	char *line;
	size_t n;

	for (unsigned i = 0; i < MOST_LINES; i++) {
		status = stream_line(c->stream, MOST_LINE, &line, &n);
		if (status != STREAM_OK) {
			err_set(err, "%s", failure(c->stream, status));
			return NULL;
		}
		if (n == 0) {
			if (action == NULL)
				err_set(err, "the answer has no action");
			return action;
		}
		if (strlen(line) != n || !utf8_valid(line)) {
			err_set(err, "the answer is not text");
			return NULL;
		}
		if (strncmp(line, "action=", 7) == 0)
			action = arena_strdup(arena, line + 7);
	}
	err_set(err, "the answer does not end");
	return NULL;
}

/* One request over ${c}, which is kept or dropped. */
static const char *
converse(struct policy_client *client, struct connection *c,
    struct arena *arena, const char *request, struct err *err)
{
	const char *action;

	stream_put(c->stream, request, strlen(request));
	c->requests++;
	action = read_answer(c, arena, err);
	if (action != NULL)
		keep(client, c);
	else
		drop(c);
	return action;
}

const char *
policy_client_ask(struct policy_client *client, struct arena *arena,
    const struct world_service *to, const char *request, int64_t deadline,
    const char **why)
{
	struct connection *c = take(client, to);
	struct err err = { 0 };
	const char *action = NULL;

	if (c != NULL) {
		stream_deadline(c->stream, deadline);
		action = converse(client, c, arena, request, &err);
	}
	/* A server may have hung up on a kept connection at the moment when we
	 * took it, so that a new one is worth a try. */
	if (action == NULL) {
		c = open_connection(
		    client, arena, to->endpoint, deadline, &err);
		if (c != NULL)
			action = converse(client, c, arena, request, &err);
	}
	*why = action == NULL ? arena_strdup(arena, err.text) : "";
	return action;
}

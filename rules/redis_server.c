/* redis_server.c - see redis_server.h. */
#include "rules/redis_server.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/redis.h"
#include "base/stream.h"
#include "base/tls.h"
#include "rules/client_pool.h"
#include "rules/table_settings.h"

enum {
	PORT = 6379,
	FIRST_REST = 1, /* seconds */
	MOST_REST = 30,
	MOST_CONNECTIONS = 8,
};

struct redis_server {
	struct table_settings *settings;
	struct client_pool_kind kind;
	struct client_pool *pool;
	struct tls_client *tls; /* NULL: none */
	bool verify;
	const char *username, *password, *dbindex; /* NULL: not sent */
	int timeout;                               /* seconds */
};

/* The name of the host in "inet:host:port". */
static const char *
host_of(const char *endpoint, struct arena *arena)
{
	const char *host = strchr(endpoint, ':') + 1;
	size_t n = (size_t)(strrchr(endpoint, ':') - host);

	if (*host == '[' && n > 2)
		return arena_strndup(arena, host + 1, n - 2);
	return arena_strndup(arena, host, n);
}

static int
secure(const struct redis_server *t, struct stream *s, const char *host,
    struct err *err)
{
	struct arena *arena = arena_new();
	const char *name =
	    strncmp(host, "inet:", 5) == 0 ? host_of(host, arena) : NULL;
	struct tls_facts facts;
	int result = -1;

	if (stream_tls(s, t->tls, name) != STREAM_OK) {
		err_set(err, "TLS: %s", stream_reason(s));
		goto done;
	}
	tls_facts(stream_secured(s), arena, &facts);
	if (t->verify && !facts.ccert_trusted)
		err_set(err, "TLS: the certificate is not trusted");
	else if (t->verify && name != NULL &&
	    !tls_matches(stream_secured(s), name))
		err_set(err, "TLS: the certificate is not that of %s", name);
	else
		result = 0;
done:
	arena_free(arena);
	return result;
}

/* One of the commands that a connection begins with. */
static int
prepare(struct stream *s, const char *const *words, struct err *err)
{
	struct arena *arena = arena_new();
	struct redis_reply reply;
	int result = redis_ask(s, words, 0, arena, &reply, err);

	if (result == 0 &&
	    (reply.kind != REDIS_TEXT || strcmp(reply.text, "OK") != 0)) {
		err_set(err, "%s: %s", words[0],
		    reply.kind == REDIS_REFUSED ? reply.text
						: "unexpected reply");
		result = -1;
	}
	arena_free(arena);
	return result;
}

static int
introduce(const struct redis_server *t, struct stream *s, const char *host,
    struct err *err)
{
	if (t->tls != NULL && secure(t, s, host, err) != 0)
		return -1;
	if (t->password != NULL &&
	    prepare(s,
		t->username != NULL
		    ? (const char *[]){ "AUTH", t->username, t->password, NULL }
		    : (const char *[]){ "AUTH", t->password, NULL },
		err) != 0)
		return -1;
	return t->dbindex == NULL
	    ? 0
	    : prepare(s, (const char *[]){ "SELECT", t->dbindex, NULL }, err);
}

static void *
connect_to(void *arg, const struct client_pool_turn *turn, struct err *err)
{
	const struct redis_server *t = arg;
	struct err why = { "" };
	struct stream *s = dial_open(turn->host, turn->deadline, &why);

	if (s != NULL && introduce(t, s, turn->host, &why) == 0)
		return s;
	stream_close(s);
	err_set(err, "connect to redis server %s: %s", turn->host, why.text);
	return NULL;
}

static void
disconnect(void *connection)
{
	stream_close(connection);
}

struct question {
	const struct redis_server *server;
	const struct redis_server_command *command;
	struct arena *arena;
};

static enum client_pool_result
ask_server(void *arg, void *connection, const struct client_pool_turn *turn,
    struct err *err)
{
	const struct question *q = arg;
	const struct redis_server_command *c = q->command;
	const char *name = table_settings_name(q->server->settings), *why;
	struct err lost = { "" };
	struct redis_reply reply;

	stream_deadline(connection, turn->deadline);
	if (redis_ask(connection, c->words, c->most, q->arena, &reply, &lost) !=
	    0) {
		err_set(err, "redis:%s: query failed, host %s: %s", name,
		    turn->host, lost.text);
		return clock_mono() >= turn->deadline ? CLIENT_POOL_LATE
						      : CLIENT_POOL_LOST;
	}
	why = c->judge(c->arg, &reply);
	if (why == NULL)
		return CLIENT_POOL_DONE;
	err_set(
	    err, "redis:%s: query failed, host %s: %s", name, turn->host, why);
	return CLIENT_POOL_REFUSED;
}

int64_t
redis_server_deadline(const struct redis_server *server)
{
	return clock_mono() + server->timeout * CLOCK_SECOND;
}

int
redis_server_ask(struct redis_server *server,
    const struct redis_server_command *command, struct arena *arena,
    struct err *err)
{
	struct question question = { server, command, arena };

	return client_pool_ask(
	    server->pool, command->deadline, ask_server, &question, err);
}

/* "inet:host:port" or "unix:/path" of a word of "host". */
static void
put_endpoint(struct buf *out, const char *host, int port)
{
	const char *colon, *bracket;

	if (strncmp(host, "unix:", 5) == 0) {
		buf_printf(out, "%s ", host);
		return;
	}
	if (strncmp(host, "inet:", 5) == 0)
		host += 5;
	colon = strchr(host, ':');
	bracket = *host == '[' ? strchr(host, ']') : NULL;
	if (bracket != NULL ? bracket[1] == ':'
			    : colon != NULL && strchr(colon + 1, ':') == NULL)
		buf_printf(out, "inet:%s ", host);
	else if (bracket == NULL && colon != NULL)
		buf_printf(out, "inet:[%s]:%d ", host, port);
	else
		buf_printf(out, "inet:%s:%d ", host, port);
}

/* The servers, in their order; NULL and the reason. */
static char *const *
read_servers(struct redis_server *t, struct err *err)
{
	struct table_settings *s = t->settings;
	const char *path = table_settings_text(s, "path", "");
	char *const *words;
	struct buf all = { 0 };
	int port = PORT;

	if (table_settings_count(s, "port", 1, &port, err) != 0)
		return NULL;
	if (*path != '\0')
		buf_printf(&all, "unix:%s ", path);
	words =
	    table_settings_words(s, "host", *path != '\0' ? "" : "localhost");
	for (; *words != NULL; words++)
		put_endpoint(&all, *words, port);
	words = table_settings_split(s, buf_str(&all));
	buf_free(&all);
	if (words[0] == NULL)
		err_set(err, "%s: bad string length 0 < 1: host = ",
		    table_settings_name(s));
	for (size_t i = 0; words[i] != NULL; i++)
		if (!dial_valid(words[i], err))
			return NULL;
	return words[0] != NULL ? words : NULL;
}

static int
read_tls(struct redis_server *t, struct err *err)
{
	struct table_settings *s = t->settings;
	struct tls_settings tls = { .protocols = ">=TLSv1.2",
		.ciphers = "medium" };
	bool wanted = false;

	t->verify = true;
	if (table_settings_flag(s, "tls", &wanted, err) != 0 ||
	    table_settings_flag(s, "tls_verify_cert", &t->verify, err) != 0)
		return -1;
	if (!wanted)
		return 0;
	tls.ca_file = table_settings_text(s, "tls_CAfile", "");
	tls.ca_path = table_settings_text(s, "tls_CApath", "");
	tls.cert_file = table_settings_text(s, "tls_cert_file", "");
	tls.key_file = table_settings_text(s, "tls_key_file", "");
	if (t->verify && *tls.ca_file == '\0' && *tls.ca_path == '\0') {
		err_set(err,
		    "%s: tls_verify_cert needs a tls_CAfile or tls_CApath",
		    table_settings_name(s));
		return -1;
	}
	t->tls = tls_client_new(&tls, err);
	return t->tls != NULL ? 0 : -1;
}

static int
read_account(struct redis_server *t, struct err *err)
{
	struct table_settings *s = t->settings;
	int dbindex = 0;

	if (table_settings_filled(s, "username", &t->username, err) != 0 ||
	    table_settings_filled(s, "password", &t->password, err) != 0 ||
	    table_settings_count(s, "dbindex", 0, &dbindex, err) != 0)
		return -1;
	if (dbindex != 0)
		t->dbindex = table_settings_text(s, "dbindex", NULL);
	if (t->username == NULL || t->password != NULL)
		return 0;
	err_set(err, "%s: username without password", table_settings_name(s));
	return -1;
}

static int
read_all(struct redis_server *t, struct err *err)
{
	int most = MOST_CONNECTIONS;
	char *const *servers;

	if (read_account(t, err) != 0 || read_tls(t, err) != 0 ||
	    table_settings_count(t->settings, "timeout", 1, &t->timeout, err) !=
		0 ||
	    table_settings_count(
		t->settings, "connection_limit", 1, &most, err) != 0 ||
	    (servers = read_servers(t, err)) == NULL)
		return -1;
	t->kind = (struct client_pool_kind){ .connect = connect_to,
		.disconnect = disconnect,
		.in_order = true,
		.rests = { .first = FIRST_REST * CLOCK_SECOND,
		    .most = MOST_REST * CLOCK_SECOND } };
	t->pool = client_pool_open(&t->kind, t, servers, most);
	return 0;
}

struct redis_server *
redis_server_open(struct table_settings *settings, int timeout, struct err *err)
{
	struct redis_server *t = calloc(1, sizeof *t);

	if (t == NULL)
		fatal("out of memory");
	t->settings = settings;
	t->timeout = timeout;
	if (read_all(t, err) == 0)
		return t;
	redis_server_close(t);
	return NULL;
}

void
redis_server_close(struct redis_server *server)
{
	if (server == NULL)
		return;
	client_pool_close(server->pool);
	tls_client_free(server->tls);
	free(server);
}

/* table_pgsql.c - pgsql:/path/x.cf: a PostgreSQL database (pgsql_table(5)). */
#include "rules/table_pgsql.h"

#include <errno.h>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/client_library.h"
#include "rules/client_pool.h"
#include "rules/table_sql.h"

/* What is used of libpq. */
#define FUNCTIONS(F)                                                           \
	F(PQclear)                                                             \
	F(PQconnectdbParams)                                                   \
	F(PQconsumeInput)                                                      \
	F(PQerrorMessage)                                                      \
	F(PQescapeStringConn)                                                  \
	F(PQfinish)                                                            \
	F(PQgetResult)                                                         \
	F(PQgetvalue)                                                          \
	F(PQisBusy)                                                            \
	F(PQnfields)                                                           \
	F(PQntuples)                                                           \
	F(PQresultErrorMessage)                                                \
	F(PQresultStatus)                                                      \
	F(PQsendQuery)                                                         \
	F(PQsocket)                                                            \
	F(PQstatus)

static struct {
#define F(name) __typeof__(name) *(name);
	FUNCTIONS(F)
#undef F
} pq;

static struct client_library library = {
	.files = (const char *const[]){ "libpq.so.5", NULL },
	.package = "libpq5",
	.symbols =
	    (const struct client_library_symbol[]){
#define F(name) { #name, offsetof(__typeof__(pq), name) },
		FUNCTIONS(F)
#undef F
		    { NULL, 0 } },
	.functions = &pq,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

struct pgsql {
	struct table_sql sql;
	const char *encoding;
};

/* What libpq says ends with a newline. */
static const char *
first_line(char room[512], const char *text)
{
	size_t n = strcspn(text, "\n");

	n = n < 511 ? n : 511;
	memcpy(room, text, n);
	room[n] = '\0';
	return room;
}

static bool
is_uri(const char *host)
{
	return strncmp(host, "postgresql:", strlen("postgresql:")) == 0;
}

static const char *
without_prefix(const char *host)
{
	return strncmp(host, "unix:", 5) == 0 || strncmp(host, "inet:", 5) == 0
	    ? host + 5
	    : host;
}

static bool
is_local(const char *host)
{
	host = without_prefix(host);
	return *host == '\0' || *host == '/';
}

static PGconn *
start(const struct pgsql *t, const char *host)
{
	struct arena *arena = arena_new();
	const char *port = NULL, *database = t->sql.dbname, *seconds;
	char *name, *colon;
	PGconn *conn;

	seconds = arena_printf(arena, "%d", t->sql.timeout);
	name = arena_strdup(arena, without_prefix(host));
	colon = strrchr(name, ':');
	if (is_uri(host)) {
		database = host;
		name = NULL;
	} else if (colon != NULL) {
		*colon = '\0';
		port = colon + 1;
	}
	/* What stands in a URI counts more than what stands before it. */
	conn = pq.PQconnectdbParams(
	    (const char *const[]){ "host", "port", "user", "password",
		"connect_timeout", "tcp_user_timeout",
		"fallback_application_name", "dbname", "client_encoding",
		NULL },
	    (const char *const[]){ name, port, t->sql.user, t->sql.password,
		seconds, arena_printf(arena, "%s000", seconds), "weir",
		database, t->encoding, NULL },
	    1);
	arena_free(arena);
	return conn;
}

static void *
connect_to(void *arg, const struct client_pool_turn *turn, struct err *err)
{
	PGconn *conn = start(arg, turn->host);
	char room[512];

	if (conn == NULL)
		fatal("out of memory");
	if (pq.PQstatus(conn) == CONNECTION_OK)
		return conn;
	err_set(err, "connect to pgsql server %s: %s", turn->host,
	    first_line(room, pq.PQerrorMessage(conn)));
	pq.PQfinish(conn);
	return NULL;
}

static void
disconnect(void *connection)
{
	pq.PQfinish(connection);
}

static bool
quote(void *arg, const char *text, struct buf *out)
{
	size_t n = strlen(text);
	int error = 0;

	buf_added(out,
	    pq.PQescapeStringConn(
		arg, buf_reserve(out, 2 * n + 1), text, n, &error));
	return error == 0;
}

/* Wait for the next result; *result is NULL after the last one. */
static enum client_pool_result
next_result(PGconn *conn, int64_t deadline, PGresult **result)
{
	struct pollfd pfd = { .fd = pq.PQsocket(conn), .events = POLLIN };
	int64_t left;

	while (pq.PQisBusy(conn)) {
		left = deadline - clock_mono();
		if (left <= 0)
			return CLIENT_POOL_LATE;
		if (poll(&pfd, 1, (int)(left / CLOCK_MS) + 1) < 0 &&
		    errno != EINTR)
			return CLIENT_POOL_LOST;
		if (pfd.revents != 0 && !pq.PQconsumeInput(conn))
			return CLIENT_POOL_LOST;
	}
	*result = pq.PQgetResult(conn);
	return CLIENT_POOL_DONE;
}

/* Is ${result} one that the connection survives? */
static bool
is_final(const PGresult *result)
{
	switch (pq.PQresultStatus(result)) {
	case PGRES_EMPTY_QUERY:
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_FATAL_ERROR:
	case PGRES_NONFATAL_ERROR:
		return true;
	default:
		return false;
	}
}

/* Put ${sql}; *last is its last result. */
static enum client_pool_result
execute(PGconn *conn, const char *sql, int64_t deadline, PGresult **last)
{
	enum client_pool_result got;
	PGresult *result = NULL;

	if (!pq.PQsendQuery(conn, sql))
		return CLIENT_POOL_LOST;
	for (;;) {
		got = next_result(conn, deadline, &result);
		if (got != CLIENT_POOL_DONE || result == NULL)
			break;
		pq.PQclear(*last);
		*last = result;
		/* The server wants to copy: there is no end to that. */
		if (!is_final(result))
			return CLIENT_POOL_LOST;
	}
	return got == CLIENT_POOL_DONE && pq.PQstatus(conn) != CONNECTION_OK
	    ? CLIENT_POOL_LOST
	    : got;
}

static void
collect(struct table_sql_question *q, const PGresult *result)
{
	int rows = pq.PQntuples(result), columns = pq.PQnfields(result);

	for (int i = 0; i < rows * columns; i++)
		if (!table_sql_collect(
			q, pq.PQgetvalue(result, i / columns, i % columns)))
			return;
}

/* What the last result means; the reason, if that is nothing good. */
static enum client_pool_result
judge(struct table_sql_question *q, const PGresult *result, const char *host,
    struct err *err)
{
	ExecStatusType status = pq.PQresultStatus(result);
	char room[512];

	switch (status) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		collect(q, result);
		return CLIENT_POOL_DONE;
	case PGRES_FATAL_ERROR:
		err_set(err, "pgsql query failed: fatal error from host %s: %s",
		    host, first_line(room, pq.PQresultErrorMessage(result)));
		break;
	case PGRES_BAD_RESPONSE:
		err_set(
		    err, "pgsql query failed: protocol error, host %s", host);
		break;
	default:
		err_set(err,
		    "pgsql query failed: unknown code 0x%lx from host %s",
		    (unsigned long)status, host);
	}
	return CLIENT_POOL_REFUSED;
}

/* Put ${sql}, and judge what comes. */
static enum client_pool_result
ask_sql(struct table_sql_question *q, PGconn *conn, const char *sql,
    const char *host, struct err *err)
{
	int timeout = q->table->timeout;
	enum client_pool_result got, verdict;
	PGresult *result = NULL;
	char room[512];

	got =
	    execute(conn, sql, clock_mono() + timeout * CLOCK_SECOND, &result);
	if (got == CLIENT_POOL_LATE) {
		err_set(err,
		    "pgsql query failed: no answer from host %s within %d "
		    "seconds",
		    host, timeout);
	} else if (result == NULL || got != CLIENT_POOL_DONE) {
		err_set(err, "pgsql query failed: fatal error from host %s: %s",
		    host, first_line(room, pq.PQerrorMessage(conn)));
	} else {
		verdict = judge(q, result, host, err);
		pq.PQclear(result);
		return verdict;
	}
	pq.PQclear(result);
	return got == CLIENT_POOL_DONE ? CLIENT_POOL_LOST : got;
}

static enum client_pool_result
ask_server(void *arg, void *connection, const struct client_pool_turn *turn,
    struct err *err)
{
	const char *host = turn->host;
	struct table_sql_question *q = arg;
	enum client_pool_result got = CLIENT_POOL_REFUSED;
	struct buf sql = { 0 };
	char room[512];

	if (table_query_expand(q->table->query, q->table->template, q->key,
		quote, connection, &sql) == TABLE_QUERY_READY)
		got = ask_sql(q, connection, buf_str(&sql), host, err);
	else
		err_set(err,
		    "dict pgsql: (host %s) cannot escape input string: %s",
		    host, first_line(room, pq.PQerrorMessage(connection)));
	buf_free(&sql);
	return got;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	return table_sql_find(state, ask_server, arena, key, value);
}

static void
close_pgsql(void *state)
{
	table_sql_close(state);
	free(state);
}

static const struct client_pool_kind pool_kind = {
	.connect = connect_to,
	.disconnect = disconnect,
	.is_local = is_local,
	.rests = { .first = TABLE_SQL_REST },
};

static void *
open_pgsql(struct table_opening *opening, struct err *err)
{
	struct pgsql *t = calloc(1, sizeof *t);

	if (t == NULL)
		fatal("out of memory");
	t->sql.type = "pgsql";
	if (client_library_open(&library, err) != 0 ||
	    table_sql_open(&t->sql, opening, &pool_kind, true, err) != 0) {
		close_pgsql(t);
		return NULL;
	}
	t->encoding = table_settings_text(t->sql.settings, "encoding", "UTF8");
	return t;
}

const struct table_type table_pgsql = {
	.name = "pgsql",
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_pgsql,
	.find = find,
	.close = close_pgsql,
};

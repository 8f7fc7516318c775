/* table_sqlite.c - sqlite:/path/x.cf: a SQLite database (sqlite_table(5)).
 *
 * A connection is an open file, which belongs to one look-up at a time.  The
 * database is opened to be read only: Postfix makes an empty one where there is
 * none. */
#include "rules/table_sqlite.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/client_library.h"
#include "rules/client_pool.h"
#include "rules/stamp.h"
#include "rules/table_query.h"
#include "rules/table_settings.h"

/* As many at a time; how long a look-up waits for somebody who writes, and how
 * long it may compute, looking at the clock every so many steps. */
enum { MOST_CONNECTIONS = 8, BUSY_MS = 5000, TIMEOUT = 10, STEPS = 10000 };

/* What is used of libsqlite3. */
#define FUNCTIONS(F)                                                           \
	F(sqlite3_busy_timeout)                                                \
	F(sqlite3_close)                                                       \
	F(sqlite3_column_text)                                                 \
	F(sqlite3_errmsg)                                                      \
	F(sqlite3_finalize)                                                    \
	F(sqlite3_open_v2)                                                     \
	F(sqlite3_prepare_v2)                                                  \
	F(sqlite3_progress_handler)                                            \
	F(sqlite3_step)

static struct {
#define F(name) __typeof__(name) *(name);
	FUNCTIONS(F)
#undef F
} lib;

static struct client_library library = {
	.files = (const char *const[]){ "libsqlite3.so.0", NULL },
	.package = "libsqlite3-0",
	.symbols =
	    (const struct client_library_symbol[]){
#define F(name) { #name, offsetof(__typeof__(lib), name) },
		FUNCTIONS(F)
#undef F
		    { NULL, 0 } },
	.functions = &lib,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

struct database {
	struct table_settings *settings;
	struct table_query *query;
	struct client_pool *pool;
	const char *template, *path;
	char *hosts[2]; /* the path, for the pool */
};

struct connection {
	sqlite3 *db;
	struct stamp stamp; /* of the file */
	int64_t deadline;   /* of the look-up */
};

/* One look-up. */
struct question {
	const struct database *table;
	const char *key;
	struct table_query_answer answer;
	bool too_many;
};

static int
is_late(void *connection)
{
	const struct connection *c = connection;

	return clock_mono() > c->deadline;
}

static void
disconnect(void *connection)
{
	struct connection *c = connection;

	(void)lib.sqlite3_close(c->db);
	free(c);
}

static void *
connect_to(void *arg, const struct client_pool_turn *turn, struct err *err)
{
	const struct database *t = arg;
	struct connection *c = calloc(1, sizeof *c);
	struct stat st;

	if (c == NULL)
		fatal("out of memory");
	if (lib.sqlite3_open_v2(turn->host, &c->db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
		NULL) == SQLITE_OK &&
	    stat(turn->host, &st) == 0) {
		c->stamp = stamp_of(&st);
		(void)lib.sqlite3_busy_timeout(c->db, BUSY_MS);
		lib.sqlite3_progress_handler(c->db, STEPS, is_late, c);
		return c;
	}
	err_set(err, "sqlite:%s: Can't open database: %s",
	    table_settings_name(t->settings), lib.sqlite3_errmsg(c->db));
	disconnect(c);
	return NULL;
}

/* Is the file that is open still the one at ${path}, and unchanged?  SQLite
 * itself sees only changes by SQLite, not a copy into the same file. */
static bool
is_current(const struct connection *c, const char *path)
{
	return access(path, F_OK) == 0 && !stamp_replaced(&c->stamp, path);
}

/* A page that is not all there would be taken for one with zeros behind. */
static bool
is_whole(const struct connection *c)
{
	enum { LEAST_PAGE = 512 };

	return c->stamp.size % LEAST_PAGE == 0;
}

static bool
quote(void *arg, const char *text, struct buf *out)
{
	(void)arg;
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_putc(out, '\'');
		buf_putc(out, *text);
	}
	return true;
}

/* Take the first column of each row. */
static int
take_rows(struct question *q, sqlite3_stmt *statement)
{
	int status = SQLITE_DONE;

	while (!q->too_many &&
	    (status = lib.sqlite3_step(statement)) == SQLITE_ROW) {
		union {
			const unsigned char *octets;
			const char *text;
		} column = { lib.sqlite3_column_text(statement, 0) };

		q->too_many = !table_query_collect(
		    q->table->query, &q->answer, q->key, column.text);
	}
	return q->too_many ? SQLITE_DONE : status;
}

/* What a connection remembers of a file that somebody overwrites in place may
 * be why: but for want of time it is worth another one. */
static enum client_pool_result
failure(int status)
{
	return status == SQLITE_BUSY || status == SQLITE_INTERRUPT
	    ? CLIENT_POOL_REFUSED
	    : CLIENT_POOL_LOST;
}

static enum client_pool_result
ask_sql(
    struct question *q, struct connection *c, const char *sql, struct err *err)
{
	const char *name = table_settings_name(q->table->settings);
	sqlite3_stmt *statement = NULL;
	int status;

	c->deadline = clock_mono() + TIMEOUT * CLOCK_SECOND;
	/* It may be the second attempt. */
	buf_reset(&q->answer.text);
	q->answer.count = 0;
	status = lib.sqlite3_prepare_v2(c->db, sql, -1, &statement, NULL);
	if (status != SQLITE_OK) {
		err_set(err, "dict_sqlite_lookup: %s: SQL prepare failed: %s",
		    name, lib.sqlite3_errmsg(c->db));
		return failure(status);
	}
	status = take_rows(q, statement);
	if (status != SQLITE_DONE)
		err_set(err,
		    "dict_sqlite_lookup: %s: SQL step failed for query '%s': "
		    "%s",
		    name, sql, lib.sqlite3_errmsg(c->db));
	(void)lib.sqlite3_finalize(statement);
	return status == SQLITE_DONE ? CLIENT_POOL_DONE : failure(status);
}

static enum client_pool_result
ask_database(void *arg, void *connection, const struct client_pool_turn *turn,
    struct err *err)
{
	const char *path = turn->host;
	struct question *q = arg;
	enum client_pool_result result = CLIENT_POOL_DONE;
	struct buf sql = { 0 };

	if (!is_current(connection, path)) {
		err_set(err, "sqlite:%s: %s has gone or changed",
		    table_settings_name(q->table->settings), path);
		return CLIENT_POOL_LOST;
	}
	if (table_query_expand(q->table->query, q->table->template, q->key,
		quote, NULL, &sql) == TABLE_QUERY_READY)
		result = ask_sql(q, connection, buf_str(&sql), err);
	buf_free(&sql);
	if (result != CLIENT_POOL_DONE || is_whole(connection))
		return result;
	err_set(err, "sqlite:%s: %s is cut short",
	    table_settings_name(q->table->settings), path);
	return CLIENT_POOL_LOST;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct database *t = state;
	struct question q = { .table = t, .key = key };
	enum table_status status =
	    table_query_admits(t->query, arena, key, value);
	struct err err = { "" };
	int failed;

	if (status != TABLE_FOUND)
		return status;
	failed = client_pool_ask(t->pool, INT64_MAX, ask_database, &q, &err);
	if (failed == 0 && q.too_many) {
		err_set(&err,
		    "dict_sqlite_lookup: %s: Expansion limit exceeded for key "
		    "'%s'",
		    table_settings_name(t->settings), key);
		event_warning(NULL, "%s", err.text);
		failed = -1;
	}
	status = table_query_finish(&q.answer, arena, value);
	if (failed == 0)
		return status;
	value->text = arena_strdup(arena, err.text);
	return TABLE_FAILED;
}

static void
close_sqlite(void *state)
{
	struct database *t = state;

	client_pool_close(t->pool);
	table_query_close(t->query);
	table_settings_close(t->settings);
	free(t->hosts[0]);
	free(t);
}

/* Read the parameters, and have a pool. */
static int
prepare(struct database *t, struct table_opening *opening, struct err *err)
{
	static const struct client_pool_kind kind = {
		.connect = connect_to,
		.disconnect = disconnect,
		.in_order = true,
	};

	t->settings = table_settings_open(opening, err);
	if (t->settings == NULL)
		return -1;
	t->path = "";
	if (table_settings_filled(t->settings, "dbpath", &t->path, err) != 0)
		return -1;
	t->template = table_query_sql(t->settings, false, err);
	if (t->template == NULL)
		return -1;
	t->query = table_query_open("sqlite", opening, t->settings, err);
	if (t->query == NULL ||
	    table_query_add(t->query, t->template, NULL, err) != 0)
		return -1;
	if ((t->hosts[0] = strdup(t->path)) == NULL)
		fatal("out of memory");
	t->pool = client_pool_open(&kind, t, t->hosts, MOST_CONNECTIONS);
	return 0;
}

static void *
open_sqlite(struct table_opening *opening, struct err *err)
{
	struct database *t = calloc(1, sizeof *t);

	if (t == NULL)
		fatal("out of memory");
	if (client_library_open(&library, err) == 0 &&
	    prepare(t, opening, err) == 0)
		return t;
	close_sqlite(t);
	return NULL;
}

const struct table_type table_sqlite = {
	.name = "sqlite",
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_sqlite,
	.find = find,
	.close = close_sqlite,
};

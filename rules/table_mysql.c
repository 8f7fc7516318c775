/* table_mysql.c - mysql:/path/x.cf: a MySQL or MariaDB database
 * (mysql_table(5)). */
#include "rules/table_mysql.h"

#include <mariadb/mysql.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/net.h"
#include "rules/client_library.h"
#include "rules/table_sql.h"

/* What is used of libmariadb. */
#define FUNCTIONS(F)                                                           \
	F(mysql_close)                                                         \
	F(mysql_errno)                                                         \
	F(mysql_error)                                                         \
	F(mysql_fetch_row)                                                     \
	F(mysql_field_count)                                                   \
	F(mysql_free_result)                                                   \
	F(mysql_init)                                                          \
	F(mysql_next_result)                                                   \
	F(mysql_num_fields)                                                    \
	F(mysql_options)                                                       \
	F(mysql_query)                                                         \
	F(mysql_real_connect)                                                  \
	F(mysql_real_escape_string)                                            \
	F(mysql_server_init)                                                   \
	F(mysql_ssl_set)                                                       \
	F(mysql_store_result)

static struct {
#define F(name) __typeof__(name) *(name);
	FUNCTIONS(F)
#undef F
} my;

static struct client_library library = {
	.files = (const char *const[]){ "libmariadb.so.3", NULL },
	.package = "libmariadb3",
	.symbols =
	    (const struct client_library_symbol[]){
#define F(name) { #name, offsetof(__typeof__(my), name) },
		FUNCTIONS(F)
#undef F
		    { NULL, 0 } },
	.functions = &my,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/* Errors of the client, not of the server: the connection is gone. */
enum { LEAST_CLIENT_ERROR = 2000, MOST_CLIENT_ERROR = 2999 };

struct mysql {
	struct table_sql sql;
	const char *option_file, *option_group, *charset;
	const char *key, *cert, *ca_file, *ca_path, *ciphers;
	bool verify, verify_is_set;
	bool require_result_set;
};

/* What is not set may stand in the option file. */
static const char *
or_null(const char *text)
{
	return *text != '\0' ? text : NULL;
}

/* Where a host is. */
struct place {
	char *name;
	const char *socket, *host; /* one of them, or none: the default */
	unsigned port;
};

static bool
parse_host(struct arena *arena, const char *text, struct place *place)
{
	bool local = strncmp(text, "unix:", 5) == 0;
	char *name, *colon;

	if (local || strncmp(text, "inet:", 5) == 0)
		text += 5;
	name = arena_strdup(arena, text);
	colon = strrchr(name, ':');
	*place = (struct place){ .name = name };
	if (colon != NULL) {
		*colon = '\0';
		if (!net_port(colon + 1, &place->port))
			return false;
	}
	if (strcasecmp(name, "localhost") == 0)
		return true;
	if (local)
		place->socket = name;
	else
		place->host = name;
	return true;
}

static bool
is_local(const char *host)
{
	struct arena *arena = arena_new();
	struct place place;
	bool local;

	local = parse_host(arena, host, &place) && place.host == NULL;
	arena_free(arena);
	return local;
}

static void
set_options(MYSQL *db, const struct mysql *t)
{
	unsigned seconds = (unsigned)t->sql.timeout;
	my_bool verify = t->verify ? 1 : 0;

	if (t->option_file != NULL)
		(void)my.mysql_options(
		    db, MYSQL_READ_DEFAULT_FILE, t->option_file);
	if (*t->option_group != '\0')
		(void)my.mysql_options(
		    db, MYSQL_READ_DEFAULT_GROUP, t->option_group);
	(void)my.mysql_options(db, MYSQL_SET_CHARSET_NAME, t->charset);
	(void)my.mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	(void)my.mysql_options(db, MYSQL_OPT_READ_TIMEOUT, &seconds);
	(void)my.mysql_options(db, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
	if (t->key != NULL || t->cert != NULL || t->ca_file != NULL ||
	    t->ca_path != NULL || t->ciphers != NULL)
		(void)my.mysql_ssl_set(
		    db, t->key, t->cert, t->ca_file, t->ca_path, t->ciphers);
	if (t->verify_is_set)
		(void)my.mysql_options(
		    db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

static void *
connect_to(void *arg, const struct client_pool_turn *turn, struct err *err)
{
	const char *host = turn->host;
	struct arena *arena = arena_new();
	const struct mysql *t = arg;
	MYSQL *db = my.mysql_init(NULL);
	struct place place;
	bool fine;

	if (db == NULL)
		fatal("out of memory");
	set_options(db, t);
	fine = parse_host(arena, host, &place);
	if (!fine)
		err_set(err, "connect to mysql server %s: unknown port", host);
	if (fine &&
	    my.mysql_real_connect(db, place.host, or_null(t->sql.user),
		or_null(t->sql.password), t->sql.dbname, place.port,
		place.socket, CLIENT_MULTI_RESULTS) == NULL) {
		err_set(err, "connect to mysql server %s: %s", host,
		    my.mysql_error(db));
		fine = false;
	}
	arena_free(arena);
	if (fine)
		return db;
	my.mysql_close(db);
	return NULL;
}

static void
disconnect(void *connection)
{
	my.mysql_close(connection);
}

static bool
quote(void *arg, const char *text, struct buf *out)
{
	size_t n = strlen(text);

	buf_added(out,
	    my.mysql_real_escape_string(
		arg, buf_reserve(out, 2 * n + 1), text, n));
	return true;
}

/* One statement on its way. */
struct statement {
	struct table_sql_question *question;
	MYSQL *db;
	MYSQL_RES *result; /* NULL: there was none */
	struct err *err;
};

static const struct mysql *
table_of(const struct statement *s)
{
	return (const struct mysql *)(const void *)s->question->table;
}

/* It has failed: at ${where}, if that is not "", or for ${why}. */
static int
failed(struct statement *s, const char *where, const char *why)
{
	err_set(s->err, "%s:%s: query failed%s: %s", s->question->table->type,
	    table_settings_name(s->question->table->settings), where,
	    why != NULL ? why : my.mysql_error(s->db));
	return -1;
}

/* Take the result that is next, if it is one; there may be one. */
static int
take_result(struct statement *s)
{
	MYSQL_RES *result = my.mysql_store_result(s->db);

	if (result == NULL)
		return my.mysql_field_count(s->db) == 0
		    ? 0
		    : failed(s, " (mysql_store_result)", NULL);
	if (s->result == NULL) {
		s->result = result;
		return 0;
	}
	my.mysql_free_result(result);
	return failed(
	    s, "", "multiple result sets returning data are not supported");
}

static int
execute(struct statement *s, const char *sql)
{
	int result = 0, next;

	if (my.mysql_query(s->db, sql) != 0)
		return failed(s, "", NULL);
	do {
		/* All must be taken, also if one is too much. */
		if (take_result(s) != 0)
			result = -1;
		next = my.mysql_next_result(s->db);
	} while (next == 0);
	if (result != 0)
		return result;
	if (next > 0)
		return failed(s, " (mysql_next_result)", NULL);
	if (s->result == NULL && table_of(s)->require_result_set)
		return failed(s, "",
		    "query returned no result set"
		    "(require_result_set = yes)");
	return 0;
}

static void
collect(const struct statement *s)
{
	unsigned columns = my.mysql_num_fields(s->result);
	MYSQL_ROW row;

	while ((row = my.mysql_fetch_row(s->result)) != NULL)
		for (unsigned i = 0; i < columns; i++)
			if (!table_sql_collect(s->question, row[i]))
				return;
}

static enum client_pool_result
ask_server(void *arg, void *connection, const struct client_pool_turn *turn,
    struct err *err)
{
	struct table_sql_question *q = arg;
	struct statement s = { .question = q, .db = connection, .err = err };
	int64_t deadline = clock_mono() + q->table->timeout * CLOCK_SECOND;
	enum client_pool_result result = CLIENT_POOL_DONE;
	struct buf sql = { 0 };
	unsigned error;

	(void)turn;
	(void)table_query_expand(
	    q->table->query, q->table->template, q->key, quote, s.db, &sql);
	if (execute(&s, buf_str(&sql)) == 0) {
		if (s.result != NULL)
			collect(&s);
	} else {
		error = my.mysql_errno(s.db);
		if (error < LEAST_CLIENT_ERROR || error > MOST_CLIENT_ERROR)
			result = CLIENT_POOL_REFUSED;
		else
			result = clock_mono() >= deadline ? CLIENT_POOL_LATE
							  : CLIENT_POOL_LOST;
	}
	if (s.result != NULL)
		my.mysql_free_result(s.result);
	buf_free(&sql);
	return result;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	return table_sql_find(state, ask_server, arena, key, value);
}

static void
close_mysql(void *state)
{
	table_sql_close(state);
	free(state);
}

static int
read_own(struct mysql *t, struct err *err)
{
	struct table_settings *s = t->sql.settings;

	t->option_file = table_settings_text(s, "option_file", NULL);
	t->option_group = table_settings_text(s, "option_group", "client");
	t->charset = table_settings_text(s, "charset", "utf8mb4");
	t->key = table_settings_text(s, "tls_key_file", NULL);
	t->cert = table_settings_text(s, "tls_cert_file", NULL);
	t->ca_file = table_settings_text(s, "tls_CAfile", NULL);
	t->ca_path = table_settings_text(s, "tls_CApath", NULL);
	t->ciphers = table_settings_text(s, "tls_ciphers", NULL);
	t->verify_is_set =
	    table_settings_text(s, "tls_verify_cert", NULL) != NULL;
	t->require_result_set = true;
	return table_settings_flag(s, "tls_verify_cert", &t->verify, err) !=
		    0 ||
		table_settings_flag(
		    s, "require_result_set", &t->require_result_set, err) != 0
	    ? -1
	    : 0;
}

static const struct client_pool_kind pool_kind = {
	.connect = connect_to,
	.disconnect = disconnect,
	.is_local = is_local,
	.rests = { .first = TABLE_SQL_REST },
};

static pthread_once_t begun = PTHREAD_ONCE_INIT;

static void
begin(void)
{
	(void)my.mysql_server_init(0, NULL, NULL);
}

static void *
open_mysql(struct table_opening *opening, struct err *err)
{
	struct mysql *t = calloc(1, sizeof *t);

	if (t == NULL)
		fatal("out of memory");
	t->sql.type = "mysql";
	if (client_library_open(&library, err) != 0 ||
	    table_sql_open(&t->sql, opening, &pool_kind, false, err) != 0 ||
	    read_own(t, err) != 0) {
		close_mysql(t);
		return NULL;
	}
	(void)pthread_once(&begun, begin);
	return t;
}

const struct table_type table_mysql = {
	.name = "mysql",
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_mysql,
	.find = find,
	.close = close_mysql,
};

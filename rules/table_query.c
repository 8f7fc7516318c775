/* table_query.c - see table_query.h. */
#include "rules/table_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/match.h"
#include "rules/table_settings.h"
#include "rules/types.h"
#include "rules/world.h"

/* What templates refer to.  Keys and results are held against the sum of all
 * of a table's templates. */
enum {
	KEY_USER = 1,
	KEY_DOMAIN = 2,
	RESULT_USER = 4,
	RESULT_DOMAIN = 8,
};

struct table_query {
	const char *type, *name, *result_format;
	unsigned needs;
	unsigned labels; /* the most of %1 ... %9 */
	int limit;
	struct match *domains; /* NULL: any */
};

/* An address, taken apart. */
struct parts {
	const char *whole;
	const char *domain; /* behind the last @; or "" */
	size_t user;        /* octets before it, or of all */
	bool has_at;
};

static struct parts
take_apart(const char *text)
{
	const char *at = strrchr(text, '@');

	return (struct parts){ .whole = text,
		.domain = at != NULL ? at + 1 : "",
		.user = at != NULL ? (size_t)(at - text) : strlen(text),
		.has_at = at != NULL };
}

static bool
note(struct table_query *q, char what, bool is_result)
{
	switch (what) {
	case '%':
	case 's':
	case 'S':
		return true;
	case 'u':
		q->needs |= is_result ? RESULT_USER : KEY_USER;
		return true;
	case 'd':
		q->needs |= is_result ? RESULT_DOMAIN : KEY_DOMAIN;
		return true;
	case 'U':
		q->needs |= KEY_USER;
		return true;
	case 'D':
		q->needs |= KEY_DOMAIN;
		return true;
	default:
		if (what < '1' || what > '9')
			return false;
		q->needs |= KEY_DOMAIN;
		if (q->labels < (unsigned)(what - '0'))
			q->labels = (unsigned)(what - '0');
		return true;
	}
}

static int
parse(struct table_query *q, const char *template, bool is_result,
    bool *dynamic, struct err *err)
{
	bool any = false;

	for (const char *p = template; (p = strchr(p, '%')) != NULL; p++) {
		if (!note(q, *++p, is_result)) {
			err_set(err,
			    "db_common_parse: %s: Invalid %s template: %s",
			    q->name, is_result ? "result" : "query", template);
			return -1;
		}
		any = any || *p != '%';
	}
	if (dynamic != NULL)
		*dynamic = any;
	return 0;
}

static int
read_common(struct table_query *q, struct conf *conf,
    struct table_settings *settings, struct err *err)
{
	const char *domains = table_settings_text(settings, "domain", "");
	struct err wrong = { "" };

	q->result_format = table_settings_text(settings, "result_filter", "%s");
	if (table_settings_filled(
		settings, "result_format", &q->result_format, err) != 0 ||
	    table_settings_count(
		settings, "expansion_limit", 0, &q->limit, err) != 0 ||
	    parse(q, q->result_format, true, NULL, err) != 0)
		return -1;
	if (*domains == '\0')
		return 0;
	q->domains = match_open(domains, "domain", 0, conf, &wrong);
	if (wrong.text[0] != '\0')
		event_warning(
		    NULL, "%s:%s: domain: %s", q->type, q->name, wrong.text);
	return 0;
}

struct table_query *
table_query_open(const char *type, const struct table_opening *opening,
    struct table_settings *settings, struct err *err)
{
	struct table_query *q = calloc(1, sizeof *q);

	if (q == NULL)
		fatal("out of memory");
	q->type = type;
	q->name = table_settings_name(settings);
	if (read_common(q, opening->conf, settings, err) != 0) {
		table_query_close(q);
		return NULL;
	}
	return q;
}

void
table_query_close(struct table_query *query)
{
	if (query == NULL)
		return;
	if (query->domains != NULL)
		match_close(query->domains);
	free(query);
}

int
table_query_add(struct table_query *query, const char *template, bool *dynamic,
    struct err *err)
{
	return parse(query, template, false, dynamic, err);
}

/* One of the older parameters, which must not be empty; NULL and the reason. */
static const char *
old_part(struct table_settings *settings, const char *name, struct err *err)
{
	const char *value = "";

	return table_settings_filled(settings, name, &value, err) == 0 ? value
								       : NULL;
}

static const char *
join(struct table_settings *settings, const char *const *pieces)
{
	struct buf text = { 0 };
	const char *joined;

	for (; *pieces != NULL; pieces++)
		buf_puts(&text, *pieces);
	joined = table_settings_keep(settings, buf_str(&text));
	buf_free(&text);
	return joined;
}

const char *
table_query_sql(struct table_settings *settings, bool function, struct err *err)
{
	const char *query = table_settings_text(settings, "query", "");
	const char *select = "", *table, *field, *where;

	/* As if not set, if empty. */
	if (*query != '\0')
		return query;
	if (function)
		select = table_settings_text(settings, "select_function", "");
	if (*select != '\0')
		return join(settings,
		    (const char *[]){ "SELECT ", select, "('%s')", NULL });
	if ((table = old_part(settings, "table", err)) == NULL ||
	    (field = old_part(settings, "select_field", err)) == NULL ||
	    (where = old_part(settings, "where_field", err)) == NULL)
		return NULL;
	return join(settings,
	    (const char *[]){ "SELECT ", field, " FROM ", table, " WHERE ",
		where, "='%s' ",
		table_settings_text(settings, "additional_conditions", ""),
		NULL });
}

static enum table_status
ask_table(struct world *world, struct arena *arena, struct table *table,
    const char *key, struct table_value *value)
{
	(void)world;
	return table_find(table, arena, key, value);
}

/* Has ${parts} what templates need of them? */
static bool
has(const struct parts *parts, unsigned needs, unsigned user, unsigned domain)
{
	bool no_domain = *parts->domain == '\0';
	bool no_user = parts->has_at && parts->user == 0;

	return !(no_domain && (needs & domain) != 0) &&
	    !(no_user && (needs & user) != 0);
}

/* The ${number}th label from the end, from 1; empty ones do not count.
 * Length 0: there is none. */
static const char *
label(const char *domain, unsigned number, size_t *length)
{
	const char *end = domain + strlen(domain), *start = end;

	while (number-- > 0) {
		for (end = start; end > domain && end[-1] == '.'; end--)
			;
		for (start = end; start > domain && start[-1] != '.'; start--)
			;
	}
	*length = (size_t)(end - start);
	return start;
}

static bool
has_labels(const struct parts *key, unsigned labels)
{
	size_t length = 1;

	if (labels > 0)
		(void)label(key->domain, labels, &length);
	return length > 0;
}

/* Where pieces go, and how. */
struct filling {
	struct parts key;
	struct parts value; /* what small letters speak of */
	table_query_quote quote;
	void *arg;
	struct buf *out;
};

static bool
put(struct filling *f, const char *text, size_t length)
{
	char *piece;
	bool fine;

	if (f->quote == NULL) {
		buf_put(f->out, text, length);
		return true;
	}
	piece = strndup(text, length);
	if (piece == NULL)
		fatal("out of memory");
	fine = f->quote(f->arg, piece, f->out);
	free(piece);
	return fine;
}

static bool
put_expansion(struct filling *f, char what)
{
	const struct parts *parts =
	    what == 's' || what == 'u' || what == 'd' ? &f->value : &f->key;
	const char *start;
	size_t length;

	switch (what) {
	case '%':
		buf_putc(f->out, '%');
		return true;
	case 's':
	case 'S':
		return put(f, parts->whole, strlen(parts->whole));
	case 'u':
	case 'U':
		return put(f, parts->whole, parts->user);
	case 'd':
	case 'D':
		return put(f, parts->domain, strlen(parts->domain));
	default:
		must(what >= '1' && what <= '9');
		start = label(parts->domain, (unsigned)(what - '0'), &length);
		return put(f, start, length);
	}
}

static bool
fill(struct filling *f, const char *template)
{
	for (const char *p = template; *p != '\0'; p++)
		if (*p != '%')
			buf_putc(f->out, *p);
		else if (!put_expansion(f, *++p))
			return false;
	return true;
}

static bool
key_has_all(const struct table_query *query, const struct parts *key)
{
	return has(key, query->needs, KEY_USER, KEY_DOMAIN) &&
	    has_labels(key, query->labels);
}

/* A key that lacks what any template needs is not there. */
static bool
wants(const struct table_query *query, const char *key)
{
	struct parts parts = take_apart(key);

	return *key != '\0' && key_has_all(query, &parts);
}

enum table_status
table_query_admits(const struct table_query *query, struct arena *arena,
    const char *key, struct table_value *value)
{
	/* A list of domains asks nothing but tables. */
	static const struct world_ops ops = { .find = ask_table };
	struct world world = { .ops = &ops };
	enum table_status status = TABLE_FOUND;
	struct parts parts = take_apart(key);

	if (query->domains != NULL && (!parts.has_at || parts.user == 0))
		return TABLE_NONE;
	if (query->domains != NULL)
		status =
		    match_string(query->domains, &world, arena, parts.domain);
	if (status == TABLE_FAILED)
		value->text = "domain: could not ask";
	return status == TABLE_FOUND && !wants(query, key) ? TABLE_NONE
							   : status;
}

enum table_query_result
table_query_expand(const struct table_query *query, const char *template,
    const char *key, table_query_quote quote, void *arg, struct buf *out)
{
	struct filling f = {
		.key = take_apart(key), .quote = quote, .arg = arg, .out = out
	};

	f.value = f.key;
	if (!wants(query, key))
		return TABLE_QUERY_NOTHING;
	return fill(&f, template) ? TABLE_QUERY_READY : TABLE_QUERY_REFUSED;
}

const char *
table_query_text(const struct table_query *query, const char *template,
    const char *key, struct arena *arena)
{
	struct buf text = { 0 };
	const char *result = NULL;

	if (table_query_expand(query, template, key, NULL, NULL, &text) ==
	    TABLE_QUERY_READY)
		result = arena_strdup(arena, buf_str(&text));
	buf_free(&text);
	return result;
}

bool
table_query_collect(const struct table_query *query,
    struct table_query_answer *answer, const char *key, const char *result)
{
	struct filling f = { .key = take_apart(key), .out = &answer->text };

	if (result == NULL)
		return true;
	if (*result == '\0') {
		event_warning(NULL,
		    "table \"%s:%s\": empty lookup result for: \"%s\" "
		    "-- ignored",
		    query->type, query->name, key);
		return true;
	}
	f.value = take_apart(result);
	if (!has(&f.value, query->needs, RESULT_USER, RESULT_DOMAIN) ||
	    !key_has_all(query, &f.key))
		return true;
	if (answer->text.len > 0)
		buf_putc(&answer->text, ',');
	(void)fill(&f, query->result_format);
	answer->count++;
	return query->limit == 0 || answer->count <= query->limit;
}

enum table_status
table_query_finish(struct table_query_answer *answer, struct arena *arena,
    struct table_value *value)
{
	bool found = answer->text.len > 0;

	if (found)
		value->text = arena_strdup(arena, buf_str(&answer->text));
	buf_free(&answer->text);
	answer->count = 0;
	return found ? TABLE_FOUND : TABLE_NONE;
}

int
table_query_limit(const struct table_query *query)
{
	return query->limit;
}

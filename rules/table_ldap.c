/* table_ldap.c - ldap:/path/x.cf: an LDAP directory (ldap_table(5)). */
#include "rules/table_ldap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/client_pool.h"
#include "rules/ldap_client.h"
#include "rules/ldap_text.h"
#include "rules/table_query.h"
#include "rules/table_settings.h"

enum {
	MOST_CONNECTIONS = 8,
	REST_SECONDS = 5,
	RECURSIONS = 1000,
};

/* What an attribute of an entry is to us. */
enum kind {
	TERMINAL, /* a result; in such an entry nothing else counts */
	LEAF,     /* a result, if the entry has no reference */
	REGULAR,  /* a result */
	SPECIAL,  /* a reference: a DN or a URL of more entries */
	KINDS,
	OTHER = KINDS,
};

struct ldap_table {
	struct table_settings *settings;
	struct table_query *query;
	struct client_pool *pool;
	struct ldap_client_account account;
	const char *base, *filter;
	bool base_is_dynamic;
	int scope, size_limit, recursion_limit;
	char **attributes;  /* by kind; ended by NULL */
	size_t ends[KINDS]; /* where in them the next kind begins */
};

/* One look-up, over one connection. */
struct look_up {
	const struct ldap_table *table;
	const char *key;
	LDAP *ld;
	struct err *err;
	struct table_query_answer answer;
	int error;  /* of LDAP */
	bool final; /* asking another server would not help */
};

static enum kind
kind_of(const struct ldap_table *t, const char *attribute)
{
	size_t i = 0;
	enum kind kind;

	while (t->attributes[i] != NULL &&
	    ldap_text_subtype(t->attributes[i], attribute) <= 0)
		i++;
	for (kind = TERMINAL; kind < OTHER && i >= t->ends[kind]; kind++)
		;
	return kind;
}

static bool
has_any(const struct look_up *l, LDAPMessage *entry, enum kind kind)
{
	const struct ldap_table *t = l->table;
	size_t i = kind == TERMINAL ? 0 : t->ends[kind - 1];
	struct berval **values;
	bool any = false;

	for (; i < t->ends[kind] && !any; i++) {
		values = ldap_client.ldap_get_values_len(
		    l->ld, entry, t->attributes[i]);
		any = values != NULL && values[0] != NULL;
		ldap_client.ldap_value_free_len(values);
	}
	return any;
}

/* It cannot be answered: why is in l->err. */
static int
give_up(struct look_up *l)
{
	l->final = true;
	return -1;
}

static int
search(struct look_up *l, const char *base, int scope, const char *filter,
    char **attributes, LDAPMessage **found)
{
	struct timeval limit = { .tv_sec = l->table->account.timeout };

	l->error = ldap_client.ldap_search_ext_s(l->ld, base, scope, filter,
	    attributes, 0, NULL, NULL, &limit, l->table->size_limit, found);
	return l->error;
}

static int collect(struct look_up *l, LDAPMessage *found, int depth);

/* What a search that a reference led to has found. */
static int
follow(struct look_up *l, const char *reference, LDAPMessage *found, int depth)
{
	switch (l->error) {
	case LDAP_SUCCESS:
		return collect(l, found, depth + 1);
	case LDAP_NO_SUCH_OBJECT:
		event_warning(NULL,
		    "dict_ldap_get_values[%d]: DN %s not found, skipping ",
		    depth, reference);
		return 0;
	default:
		err_set(l->err,
		    "dict_ldap_get_values[%d]: search error %d: %s ", depth,
		    l->error, ldap_client.ldap_err2string(l->error));
		return -1;
	}
}

static int
follow_dn(struct look_up *l, const char *dn, int depth)
{
	LDAPMessage *found = NULL;
	int result;

	(void)search(l, dn, LDAP_SCOPE_BASE, "(objectclass=*)",
	    l->table->attributes, &found);
	result = follow(l, dn, found, depth);
	ldap_client.ldap_msgfree(found);
	return result;
}

/* Those of the attributes that a URL wants and we do; NULL: none. */
static char **
common_attributes(
    const struct ldap_table *t, char **wanted, struct arena *arena)
{
	size_t n = 0, room = 1;
	char **both;

	if (wanted == NULL || wanted[0] == NULL)
		return t->attributes;
	for (size_t i = 0; wanted[i] != NULL; i++)
		for (size_t k = 0; t->attributes[k] != NULL; k++)
			room++;
	both = arena_alloc(arena, room * sizeof(const char *));
	for (size_t i = 0; wanted[i] != NULL; i++)
		for (size_t k = 0; t->attributes[k] != NULL; k++) {
			int relation =
			    ldap_text_subtype(wanted[i], t->attributes[k]);

			/* The one with the options. */
			if (relation != 0)
				both[n++] =
				    relation > 0 ? t->attributes[k] : wanted[i];
		}
	return n > 0 ? both : NULL;
}

static int
follow_url(struct look_up *l, const char *text, int depth)
{
	struct arena *arena;
	LDAPMessage *found = NULL;
	LDAPURLDesc *url;
	char **attributes;
	int error = ldap_client.ldap_url_parse(text, &url), result = 0;

	if (error != LDAP_SUCCESS) {
		err_set(l->err,
		    "dict_ldap_get_values[%d]: malformed URL %s: "
		    "%s(%d)",
		    depth, text, ldap_client.ldap_err2string(error), error);
		return give_up(l);
	}
	arena = arena_new();
	attributes = common_attributes(l->table, url->lud_attrs, arena);
	if (attributes != NULL) {
		(void)search(l, url->lud_dn, url->lud_scope, url->lud_filter,
		    attributes, &found);
		result = follow(l, text, found, depth);
		ldap_client.ldap_msgfree(found);
	}
	arena_free(arena);
	ldap_client.ldap_free_urldesc(url);
	return result;
}

static int
take_result(struct look_up *l, const char *value, int depth)
{
	const struct ldap_table *t = l->table;

	if (table_query_collect(t->query, &l->answer, l->key, value))
		return 0;
	err_set(l->err,
	    "dict_ldap_get_values[%d]: %s: Expansion limit exceeded for key: "
	    "'%s'",
	    depth, table_settings_name(t->settings), l->key);
	return give_up(l);
}

static int
take_special(
    struct look_up *l, const char *attribute, const char *value, int depth)
{
	if (depth >= l->table->recursion_limit) {
		err_set(l->err,
		    "dict_ldap_get_values[%d]: %s: Recursion limit exceeded "
		    "for special attribute %s=%s",
		    depth, table_settings_name(l->table->settings), attribute,
		    value);
		return give_up(l);
	}
	return ldap_client.ldap_is_ldap_url(value) ? follow_url(l, value, depth)
						   : follow_dn(l, value, depth);
}

/* What an entry is as a whole. */
struct nature {
	bool is_terminal, is_leaf;
};

static int
take_values(struct look_up *l, LDAPMessage *entry, const char *attribute,
    struct nature nature, int depth)
{
	enum kind kind = kind_of(l->table, attribute);
	struct berval **values;
	int result = 0;

	if (kind == OTHER || (nature.is_terminal && kind != TERMINAL) ||
	    (!nature.is_leaf && kind == LEAF))
		return 0;
	values = ldap_client.ldap_get_values_len(l->ld, entry, attribute);
	for (size_t i = 0; result == 0 && values != NULL && values[i] != NULL;
	     i++)
		result = kind == SPECIAL
		    ? take_special(l, attribute, values[i]->bv_val, depth)
		    : take_result(l, values[i]->bv_val, depth);
	ldap_client.ldap_value_free_len(values);
	return result;
}

static int
take_entry(struct look_up *l, LDAPMessage *entry, int depth)
{
	struct nature nature = { .is_terminal = has_any(l, entry, TERMINAL),
		.is_leaf = !has_any(l, entry, SPECIAL) };
	BerElement *position = NULL;
	char *attribute;
	int result = 0;

	attribute = ldap_client.ldap_first_attribute(l->ld, entry, &position);
	while (attribute != NULL) {
		if (result == 0)
			result =
			    take_values(l, entry, attribute, nature, depth);
		ldap_client.ldap_memfree(attribute);
		attribute =
		    ldap_client.ldap_next_attribute(l->ld, entry, position);
	}
	if (position != NULL)
		ldap_client.ber_free(position, 0);
	return result;
}

/* The results of all entries that were found. */
static int
collect(struct look_up *l, LDAPMessage *found, int depth)
{
	const struct ldap_table *t = l->table;
	LDAPMessage *entry;
	int n = 0, result = 0;

	for (entry = ldap_client.ldap_first_entry(l->ld, found);
	     result == 0 && entry != NULL;
	     entry = ldap_client.ldap_next_entry(l->ld, entry)) {
		if (t->size_limit > 0 && ++n > t->size_limit) {
			err_set(l->err,
			    "dict_ldap_get_values[%d]: %s: Query size limit "
			    "(%d) exceeded",
			    depth, table_settings_name(t->settings),
			    t->size_limit);
			return give_up(l);
		}
		result = take_entry(l, entry, depth);
	}
	return result;
}

/* The search that the key leads to. */
static int
look_up(struct look_up *l, const char *base, const char *filter)
{
	const struct ldap_table *t = l->table;
	LDAPMessage *found = NULL;
	int result = -1;

	switch (search(l, base, t->scope, filter, t->attributes, &found)) {
	case LDAP_SUCCESS:
		result = collect(l, found, 1);
		break;
	case LDAP_NO_SUCH_OBJECT:
		if (t->base_is_dynamic)
			result = 0;
		else
			err_set(l->err,
			    "dict_ldap_lookup: %s: Search base '%s' not found: "
			    "%d: %s",
			    table_settings_name(t->settings), base, l->error,
			    ldap_client.ldap_err2string(l->error));
		break;
	default:
		err_set(l->err, "dict_ldap_lookup: Search error %d: %s ",
		    l->error, ldap_client.ldap_err2string(l->error));
	}
	ldap_client.ldap_msgfree(found);
	return result;
}

static enum client_pool_result
ask_server(void *arg, void *connection, const struct client_pool_turn *turn,
    struct err *err)
{
	struct look_up *l = arg;
	struct buf base = { 0 }, filter = { 0 };
	int result;

	(void)turn;
	l->ld = connection;
	l->err = err;
	buf_reset(&l->answer.text);
	l->answer.count = 0;
	(void)table_query_expand(
	    l->table->query, l->table->base, l->key, ldap_text_dn, NULL, &base);
	(void)table_query_expand(l->table->query, l->table->filter, l->key,
	    ldap_text_filter, NULL, &filter);
	result = look_up(l, buf_str(&base), buf_str(&filter));
	buf_free(&base);
	buf_free(&filter);
	if (result == 0 || l->final)
		return CLIENT_POOL_DONE;
	switch (l->error) {
	case LDAP_SERVER_DOWN:
	case LDAP_CONNECT_ERROR:
	case LDAP_UNAVAILABLE:
		return CLIENT_POOL_LOST;
	case LDAP_TIMEOUT:
		return CLIENT_POOL_LATE;
	default:
		return CLIENT_POOL_REFUSED;
	}
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct ldap_table *t = state;
	struct look_up l = { .table = t, .key = key };
	enum table_status status =
	    table_query_admits(t->query, arena, key, value);
	struct err err = { "" };
	int failed;

	if (status != TABLE_FOUND)
		return status;
	failed = client_pool_ask(t->pool, INT64_MAX, ask_server, &l, &err);
	if (l.final)
		event_warning(NULL, "%s", err.text);
	status = table_query_finish(&l.answer, arena, value);
	if (failed == 0 && !l.final)
		return status;
	value->text = arena_strdup(arena, err.text);
	return TABLE_FAILED;
}

static void
close_ldap(void *state)
{
	struct ldap_table *t = state;

	client_pool_close(t->pool);
	table_query_close(t->query);
	table_settings_close(t->settings);
	free(t->attributes);
	free(t);
}

static void *
connect_to(void *arg, const struct client_pool_turn *turn, struct err *err)
{
	const struct ldap_table *t = arg;

	return ldap_client_connect(&t->account, turn->host, err);
}

static void
disconnect(void *connection)
{
	ldap_client_disconnect(connection);
}

/* All attributes, kind by kind. */
static void
read_attributes(struct ldap_table *t)
{
	static const char *const names[KINDS][2] = {
		{ "terminal_result_attribute", "" },
		{ "leaf_result_attribute", "" },
		{ "result_attribute", "maildrop" },
		{ "special_result_attribute", "" },
	};
	size_t n = 0, more;

	for (unsigned kind = 0; kind < KINDS; kind++) {
		char *const *words = table_settings_words(
		    t->settings, names[kind][0], names[kind][1]);

		for (more = 0; words[more] != NULL; more++)
			;
		t->attributes = realloc(
		    t->attributes, (n + more + 1) * sizeof(const char *));
		if (t->attributes == NULL)
			fatal("out of memory");
		for (size_t i = 0; i < more; i++)
			t->attributes[n++] = words[i];
		t->attributes[n] = NULL;
		t->ends[kind] = n;
	}
}

static int
read_scope(const char *text, const char *name)
{
	if (strcasecmp(text, "one") == 0)
		return LDAP_SCOPE_ONELEVEL;
	if (strcasecmp(text, "base") == 0)
		return LDAP_SCOPE_BASE;
	if (strcasecmp(text, "sub") != 0)
		event_warning(NULL,
		    "dict_ldap_open: %s: Unrecognized value %s specified for "
		    "scope; using sub",
		    name, text);
	return LDAP_SCOPE_SUBTREE;
}

/* The servers, as URLs; each word may be one, or a host. */
static char *const *
read_servers(struct ldap_table *t, struct err *err)
{
	struct table_settings *s = t->settings;
	char *const *words =
	    table_settings_words(s, "server_host", "localhost");
	struct buf urls = { 0 };
	int port = LDAP_PORT;

	if (table_settings_count(s, "server_port", 1, &port, err) != 0)
		return NULL;
	for (; *words != NULL; words++)
		if (ldap_client.ldap_is_ldap_url(*words))
			buf_printf(&urls, "%s ", *words);
		else if (strrchr(*words, ':') != NULL)
			buf_printf(&urls, "ldap://%s ", *words);
		else
			buf_printf(&urls, "ldap://%s:%d ", *words, port);
	words = table_settings_split(s, buf_str(&urls));
	buf_free(&urls);
	if (words[0] == NULL)
		err_set(err, "%s: bad string length 0 < 1: server_host = ",
		    table_settings_name(s));
	return words[0] != NULL ? words : NULL;
}

/* What Postfix has given up is worth a warning. */
static void
warn_of_cache(struct table_settings *s)
{
	static const char *const names[] = { "cache", "cache_expiry",
		"cache_size" };

	for (unsigned i = 0; i < 3; i++)
		if (table_settings_text(s, names[i], NULL) != NULL)
			event_warning(NULL, "dict_ldap_open: %s ignoring %s",
			    table_settings_name(s), names[i]);
}

static int
read_query(
    struct ldap_table *t, const struct table_opening *opening, struct err *err)
{
	struct table_settings *s = t->settings;
	bool is_dynamic = false;

	t->base = table_settings_text(s, "search_base", "");
	t->filter = table_settings_text(
	    s, "query_filter", "(mailacceptinggeneralid=%s)");
	t->scope = read_scope(
	    table_settings_text(s, "scope", "sub"), table_settings_name(s));
	t->query = table_query_open("ldap", opening, s, err);
	if (t->query == NULL ||
	    table_query_add(t->query, t->base, &t->base_is_dynamic, err) != 0 ||
	    table_query_add(t->query, t->filter, &is_dynamic, err) != 0)
		return -1;
	if (!is_dynamic)
		event_warning(NULL,
		    "dict_ldap_open: %s: Fixed query_filter %s is probably "
		    "useless",
		    table_settings_name(s), t->filter);
	t->size_limit = table_query_limit(t->query);
	t->recursion_limit = RECURSIONS;
	return table_settings_count(s, "size_limit", 0, &t->size_limit, err) !=
		    0 ||
		table_settings_count(
		    s, "recursion_limit", 1, &t->recursion_limit, err) != 0
	    ? -1
	    : 0;
}

static const struct client_pool_kind pool_kind = {
	.connect = connect_to,
	.disconnect = disconnect,
	.in_order = true,
	.rests = { .first = REST_SECONDS * CLOCK_SECOND },
};

static int
read_all(
    struct ldap_table *t, const struct table_opening *opening, struct err *err)
{
	char *const *servers;
	int most = MOST_CONNECTIONS;

	if (ldap_client_load(err) != 0)
		return -1;
	t->settings = table_settings_open(opening, err);
	if (t->settings == NULL || read_query(t, opening, err) != 0 ||
	    ldap_client_read(&t->account, t->settings, err) != 0 ||
	    table_settings_count(
		t->settings, "connection_limit", 1, &most, err) != 0 ||
	    (servers = read_servers(t, err)) == NULL)
		return -1;
	read_attributes(t);
	warn_of_cache(t->settings);
	t->pool = client_pool_open(&pool_kind, t, servers, most);
	return 0;
}

static void *
open_ldap(struct table_opening *opening, struct err *err)
{
	struct ldap_table *t = calloc(1, sizeof *t);

	if (t == NULL)
		fatal("out of memory");
	if (read_all(t, opening, err) == 0)
		return t;
	close_ldap(t);
	return NULL;
}

const struct table_type table_ldap = {
	.name = "ldap",
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_ldap,
	.find = find,
	.close = close_ldap,
};

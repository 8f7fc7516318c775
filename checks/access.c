/* access.c - see access.h. */
#include "checks/access.h"

#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/net.h"
#include "checks/action.h"
#include "checks/check.h"
#include "checks/note.h"
#include "checks/resolved.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/table.h"
#include "rules/world.h"

bool
access_find(struct ask *ask, const char *key, enum access_key kind,
    struct answer *answer)
{
	struct table *table = ask->argument->table;
	struct subject *s = ask->subject;
	struct table_value value = { 0 };

	if (key[0] == '\0' ||
	    (kind == ACCESS_PART && (table_flags(table) & TABLE_WHOLE_KEY)))
		return false;
	switch (world_find(s->world, s->arena, table, key, &value)) {
	case TABLE_NONE:
		return false;
	case TABLE_FOUND:
		break;
	default:
		event_warning(s->by, "%s lookup error for \"%s\"",
		    table_spec(table), key);
		value.text = "451 4.3.5 Server configuration error";
		break;
	}
	answer->input = arena_strdup(s->arena, key);
	answer->file = value.file;
	answer->line = value.line;
	action_parse(ask, table_spec(table), key, value.text, answer);
	return true;
}

bool
access_domain(struct ask *ask, const char *domain, enum access_key kind,
    struct answer *answer)
{
	const char *name = arena_lower(ask->subject->arena, domain), *dot;
	struct net_addr addr;

	while (name[0] != '\0') {
		if (access_find(ask, name, kind, answer))
			return true;
		/* What is above 192.0.2.1 is not 0.2.1. */
		if (net_parse(domain, &addr))
			return false;
		dot = strchr(name + 1, '.');
		if (dot == NULL)
			return false;
		name = ask->site->parent_domains ? dot + 1 : dot;
		kind = ACCESS_PART;
	}
	return false;
}

bool
access_network(struct ask *ask, const char *addr, enum access_key kind,
    struct answer *answer)
{
	char *key = arena_strdup(ask->subject->arena, addr), *end;
	char delimiter = strchr(addr, ':') != NULL ? ':' : '.';

	for (;;) {
		if (access_find(ask, key, kind, answer))
			return true;
		end = strrchr(key, delimiter);
		if (end == NULL)
			return false;
		*end = '\0';
		kind = ACCESS_PART;
	}
}

void
access_client(struct ask *ask, struct answer *answer)
{
	/* The name goes first: an entry for a whole domain wins over one for
	 * a single address in it. */
	if (!access_domain(ask, ask->value, ACCESS_WHOLE, answer))
		(void)access_network(
		    ask, ask->subject->client_addr, ACCESS_WHOLE, answer);
}

void
access_helo(struct ask *ask, struct answer *answer)
{
	(void)access_domain(ask, ask->value, ACCESS_WHOLE, answer);
}

void
access_etrn(struct ask *ask, struct answer *answer)
{
	(void)access_domain(ask, ask->value, ACCESS_WHOLE, answer);
}

/* "user" and "user+extension" of an address, and what they end in. */
struct parts {
	const char *full, *bare; /* bare is NULL without an extension */
};

static bool
find_parts(struct ask *ask, const struct parts *parts, const char *domain,
    enum access_key kind, struct answer *answer)
{
	struct arena *arena = ask->subject->arena;

	if (access_find(ask, arena_printf(arena, "%s@%s", parts->full, domain),
		kind, answer))
		return true;
	return parts->bare != NULL &&
	    access_find(ask, arena_printf(arena, "%s@%s", parts->bare, domain),
		ACCESS_PART, answer);
}

/* user+extension@domain, user@domain, domain and above, user+extension@,
 * user@. */
static void
find_address(struct ask *ask, const char *key, struct answer *answer)
{
	struct arena *arena = ask->subject->arena;
	const char *domain = address_domain(key), *extension;
	struct parts parts = { 0 };

	if (domain == NULL) {
		event_warning(
		    ask->subject->by, "no @domain in address: %s", key);
		return;
	}
	parts.full = arena_strndup(arena, key, (size_t)(domain - key) - 1);
	if (ask->site->delimiters[0] != '\0')
		parts.bare = address_split_extension(
		    arena, parts.full, ask->site->delimiters, &extension);
	if (parts.bare != NULL && strcmp(parts.bare, parts.full) == 0)
		parts.bare = NULL;
	if (!find_parts(ask, &parts, domain, ACCESS_WHOLE, answer) &&
	    !access_domain(ask, domain, ACCESS_PART, answer))
		(void)find_parts(ask, &parts, "", ACCESS_PART, answer);
}

void
access_address(struct ask *ask, struct answer *answer)
{
	const struct resolved *r;

	if (ask->value[0] == '\0') {
		(void)access_find(ask,
		    ask->site->params.smtpd_null_access_lookup_key,
		    ACCESS_WHOLE, answer);
		return;
	}
	r = resolved_find(ask, ask->value);
	if (r->status == TABLE_FAILED) {
		answer_cannot_ask(ask, answer, ask->value);
		return;
	}
	find_address(ask, r->key, answer);
	/* Nobody may relay by writing user@elsewhere@ours. */
	answer->no_permit =
	    r->route.routed && !ask->site->params.allow_untrusted_routing;
}

void
access_login(struct ask *ask, struct answer *answer)
{
	const char *login = ask->subject->sasl_username;

	if (login == NULL || login[0] == '\0')
		return;
	ask->name = login;
	ask->class = "SASL login name";
	(void)access_find(ask, login, ACCESS_WHOLE, answer);
}

void
access_certificate(struct ask *ask, struct answer *answer)
{
	const struct subject *s = ask->subject;

	if (s->ccert_fingerprint == NULL) {
		note_unasked(s, ask->check->name);
		return;
	}
	ask->name = s->ccert_cn != NULL ? s->ccert_cn : "";
	ask->class = "Client certificate";
	for (const enum argument_print *p = ask->argument->prints;
	     *p != ARGUMENT_PRINT_END; p++) {
		const char *print = *p == ARGUMENT_PRINT_CERTIFICATE
		    ? s->ccert_fingerprint
		    : s->ccert_pubkey_fingerprint;

		if (print != NULL &&
		    access_find(ask, print, ACCESS_WHOLE, answer) &&
		    (answer->kind != ANSWER_DUNNO || answer->stop))
			return;
	}
}

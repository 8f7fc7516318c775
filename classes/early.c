/* early.c - see early.h. */
#include "classes/early.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/net.h"
#include "checks/check.h"
#include "checks/condition.h"
#include "checks/site.h"
#include "classes/permits.h"
#include "rules/match.h"
#include "rules/table.h"

enum { WIDE_IPV4 = 8, WIDE_IPV6 = 16 };

static bool
is_warning(const struct step *step)
{
	return step->check != NULL && step->check->ask == NULL;
}

static void
advise(const struct early *e, const struct step *step, const char *what)
{
	e->say(e->arg,
	    arena_printf(
		e->arena, "%s: \"%s\" %s", e->place, step->text, what));
}

/* Is it a table's answer to what the client claims? */
static bool
trusts_claims(const struct early *e, const struct step *step)
{
	const struct check *check = step->check;

	if (step->bare)
		return e->which == RULES_RECIPIENT || e->which == RULES_RELAY;
	return check != NULL && check->takes == ARGUMENT_TABLE &&
	    (check->flags & CHECK_NO_OK) == 0 &&
	    (check->of == CHECK_OF_HELO || check->of == CHECK_OF_SENDER ||
		check->of == CHECK_OF_RECIPIENT);
}

/* "file:line", or what the table is called. */
static const char *
entry_place(const struct early *e, const struct table *table, unsigned line)
{
	const char *name = strchr(table_spec(table), ':');

	if (line > 0 && name != NULL && name[1] == '/')
		return arena_printf(e->arena, "%s:%u: ", name + 1, line);
	return "";
}

static void
review_claims(const struct early *e, const struct step *step)
{
	struct table *table = step->argument.table;
	struct permits_entry entry;

	switch (permits_first(table, e->arena, &entry)) {
	case PERMITS_NOBODY:
		break;
	case PERMITS_PERHAPS:
		advise(e, step,
		    "stands before strangers are kept from relaying: an OK in "
		    "that table lets them");
		break;
	case PERMITS_ALL:
		advise(e, step,
		    arena_printf(e->arena,
			"stands before strangers are kept from relaying: "
			"%s\"%s\" is OK there, which lets them",
			entry_place(e, table, entry.line), entry.key));
		break;
	}
}

struct wide {
	const struct early *early;
	const struct step *step;
};

/* A key without a dot is a top-level domain, or the first octet. */
static void
look_at_key(void *arg, const char *key, const char *value, unsigned line)
{
	const struct wide *w = arg;
	const struct early *e = w->early;
	const char *name = key + (key[0] == '.');
	bool network = name[strspn(name, "0123456789")] == '\0';

	if (name[0] == '\0' || strpbrk(name, ".:@") != NULL ||
	    strcmp(name, "127") == 0 || strcmp(name, "10") == 0 ||
	    strcasecmp(name, "unknown") == 0 ||
	    strcasecmp(name, "localhost") == 0 ||
	    permits_value(value) != PERMITS_ALL)
		return;
	advise(e, w->step,
	    arena_printf(e->arena,
		"lets a whole %s relay: %s\"%s\" is OK there",
		network ? "network of 16 million addresses"
			: "top-level domain",
		entry_place(e, w->step->argument.table, line), key));
}

/* A table that is asked for addresses as they are: it has a network if it has
 * two addresses that are far apart in it. */
static void
probe_networks(const struct early *e, const struct step *step)
{
	struct table *table = step->argument.table;
	struct table_value low, high;

	for (unsigned octet = 1; octet < 224; octet++) {
		if (octet == 10 || octet == 127)
			continue;
		if (table_find(table, e->arena,
			arena_printf(e->arena, "%u.3.7.11", octet),
			&low) != TABLE_FOUND ||
		    table_find(table, e->arena,
			arena_printf(e->arena, "%u.251.83.200", octet),
			&high) != TABLE_FOUND ||
		    permits_value(low.text) != PERMITS_ALL ||
		    low.line != high.line)
			continue;
		advise(e, step,
		    arena_printf(e->arena,
			"lets a network of 16 million addresses relay: "
			"%s%u.0.0.0/8 is OK there",
			entry_place(e, table, low.line), octet));
		return;
	}
}

static void
review_clients(const struct early *e, const struct step *step)
{
	struct table *table = step->argument.table;
	struct wide w = { e, step };
	struct err err = { "" };

	if (table_flags(table) & TABLE_MAY_BLOCK)
		return;
	if (table_flags(table) & TABLE_WHOLE_KEY)
		probe_networks(e, step);
	else
		(void)table_each(table, look_at_key, &w, &err);
}

/* Permits that strangers can arrange for. */
static const char *
arranged(const struct early *e, const char *name)
{
	/* clang-format off */
	static const struct {
		const char *name, *what;
	} permits[] = {
		{ "permit_naked_ip_address", "lets all clients relay that give an address as HELO name" },
		{ "permit_tls_all_clientcerts", "lets all clients relay that have a certificate of any authority that is trusted" },
		{ "check_policy_service", "stands before strangers are kept from relaying: an OK of that server lets them" },
		{ "permit_mx_backup", "lets everybody relay to domains that name this host as an exchanger, which their owners can do at any time: set permit_mx_backup_networks" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof permits / sizeof permits[0]; i++)
		if (strcmp(permits[i].name, name) == 0 &&
		    (strcmp(name, "permit_mx_backup") != 0 ||
			match_empty(e->rules->site->mx_backup_networks)))
			return permits[i].what;
	return NULL;
}

static void
review_step(const struct early *e, const struct step *step)
{
	const struct check *check = step->check;
	const char *what = check != NULL ? arranged(e, check->name) : NULL;

	if (what != NULL)
		advise(e, step, what);
	else if (trusts_claims(e, step))
		review_claims(e, step);
	else if (check != NULL && check->of == CHECK_OF_CLIENT &&
	    step->argument.table != NULL && (check->flags & CHECK_NO_OK) == 0)
		review_clients(e, step);
}

static bool review_steps(const struct early *e, const struct list *list);

/* What stands behind a condition that anybody can make true, or is weighed. */
static void
review_then(const struct early *e, const struct step *step)
{
	const struct list *then = step->then;

	if (step->condition != NULL && !condition_claims(step->condition))
		return;
	for (size_t i = 0; i < then->count; i++)
		if (then->steps[i].check != NULL &&
		    strcmp(then->steps[i].check->name, "permit") == 0) {
			advise(e, step,
			    "permits what strangers can arrange for, before "
			    "they are kept from relaying");
			return;
		}
	(void)review_steps(e, then);
}

/* True: there is a guard. */
static bool
review_steps(const struct early *e, const struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];

		/* What is only warned of neither guards nor permits. */
		if (i > 0 && is_warning(&list->steps[i - 1]))
			continue;
		if (step->check != NULL && (step->check->flags & CHECK_GUARDS))
			return true;
		if (step->then != NULL)
			review_then(e, step);
		else
			review_step(e, step);
	}
	return false;
}

void
early_review(const struct early *e)
{
	(void)review_steps(e, &e->rules->lists[e->which]);
}

/* Networks that are nobody's on the Internet. */
static bool
is_private(const struct net_block *b)
{
	unsigned char first = b->addr.octets[0];

	if (b->addr.family == NET_IPV4)
		return b->bits == 8 && (first == 127 || first == 10);
	return b->bits >= 7 && (first & 0xfe) != 0x20 &&
	    ((first & 0xfe) == 0xfc || first == 0xfe);
}

static bool
is_wide(const struct net_block *b)
{
	return b->bits <= (b->addr.family == NET_IPV4 ? (unsigned)WIDE_IPV4
						      : (unsigned)WIDE_IPV6);
}

static void
review_networks(const struct early *e)
{
	static const char name[] = "mynetworks";
	const char *cursor = conf_get(e->conf, name, e->arena, NULL), *word;
	struct conf_value value = { 0 };
	struct net_block block;
	struct err err = { "" };

	(void)conf_find(e->conf, name, &value);
	while (
	    cursor != NULL && (word = conf_word(&cursor, e->arena)) != NULL) {
		if (strchr(word, '/') == NULL || word[0] == '/' ||
		    !net_block_parse(word, &block, &err) ||
		    is_private(&block) || !is_wide(&block))
			continue;
		e->say(e->arg,
		    arena_printf(e->arena,
			"%s:%u: %s: \"%s\" is a large part of the Internet, "
			"and may relay",
			value.origin.file, value.origin.line, name, word));
	}
}

void
early_parameters(const struct early *e)
{
	static const char routing[] = "allow_untrusted_routing";
	struct conf_value value;

	if (conf_is_set(e->conf, "mynetworks"))
		review_networks(e);
	if (e->rules->site->params.allow_untrusted_routing &&
	    conf_find(e->conf, routing, &value))
		e->say(e->arg,
		    arena_printf(e->arena,
			"%s:%u: %s: strangers can send "
			"user%%elsewhere@domain to the servers behind this "
			"one, which may relay it as if it were from here",
			value.origin.file, value.origin.line, routing));
}

/* stranger.c - see stranger.h. */
#include "weir/stranger.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "checks/check.h"
#include "classes/permits.h"
#include "classes/rules.h"
#include "rules/table.h"

enum { MOST_CHOICES = 192, MOST_OURS = 8, MOST_OURS_EACH = 2 };

/* Addresses and names of documentation.  The last kind is for services that
 * offer TLS: anybody can use it. */
/* clang-format off */
static const struct stranger strangers[][STRANGER_MEMBERS] = {
	{
		{ "unknown", "203.0.113.77", "perm", "stranger.example", "elsewhere.example", "one", NULL },
		{ "unknown", "198.51.100.66", "perm", "nobody.test", "faraway.test", "two", NULL },
		{ "unknown", "192.0.2.55", "perm", "outsider.example", "abroad.example", "three", NULL },
	}, {
		{ "mail.stranger.example", "203.0.113.77", "ok", "stranger.example", "elsewhere.example", "one", NULL },
		{ "mail.nobody.test", "198.51.100.66", "ok", "nobody.test", "faraway.test", "two", NULL },
		{ "mail.outsider.example", "192.0.2.55", "ok", "outsider.example", "abroad.example", "three", NULL },
	}, {
		{ "unknown", "2001:db8:77::25", "perm", "stranger.example", "elsewhere.example", "one", NULL },
		{ "unknown", "3fff:66::25", "perm", "nobody.test", "faraway.test", "two", NULL },
		{ "unknown", "2001:db8:55::25", "perm", "outsider.example", "abroad.example", "three", NULL },
	}, {
		{ "unknown", "203.0.113.77", "perm", "stranger.example", "elsewhere.example", "one", "TLSv1.3" },
		{ "unknown", "198.51.100.66", "perm", "nobody.test", "faraway.test", "two", "TLSv1.3" },
		{ "unknown", "192.0.2.55", "perm", "outsider.example", "abroad.example", "three", "TLSv1.3" },
	},
};

/* What the resolver of addresses may make of "user at a foreign domain" with
 * one of ours in it, which is put where the * is. */
static const char *const forms[] = {
	"user%{foreign}@*", "{foreign}!user@*", "\"user@{foreign}\"@*",
	"user@{foreign}@*", "@*:user@{foreign}", "user%{foreign}%*",
	"*!user%{foreign}", "\"user%{foreign}\"@*",
	"user={foreign}@*",
};
static const char *const plain_forms[] = {
	"user%{foreign}", "{foreign}!user", "\"user@{foreign}\"",
	"user+more@{foreign}", "postmaster@{foreign}", "abuse@{foreign}",
};
/* clang-format on */

struct gathering {
	struct arena *arena;
	struct conf *conf;
	struct stranger_choices *choices;
	const char *ours[MOST_OURS];
	size_t nours, nours_here;
};

const struct stranger *
stranger_get(size_t kind, size_t member)
{
	return &strangers[kind][member];
}

const char *
stranger_fill(struct arena *arena, const char *text, const struct stranger *who)
{
	const struct {
		const char *name, *value;
	} names[] = {
		{ "{home}", who->home },
		{ "{foreign}", who->foreign },
		{ "{addr}", who->addr },
		{ "{tag}", who->tag },
	};
	struct buf out = { 0 };
	const char *filled;

	while (*text != '\0') {
		size_t i = 0;

		while (i < 4 &&
		    strncmp(text, names[i].name, strlen(names[i].name)) != 0)
			i++;
		if (i < 4) {
			buf_puts(&out, names[i].value);
			text += strlen(names[i].name);
		} else {
			buf_putc(&out, *text++);
		}
	}
	filled = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return filled;
}

static void
choose(struct gathering *g, enum stranger_part part, const char *text,
    const char *domain)
{
	struct stranger_choices *c = g->choices;

	if (c->count[part] == MOST_CHOICES)
		return;
	for (size_t i = 0; i < c->count[part]; i++)
		if (text != NULL && c->list[part][i].text != NULL &&
		    strcmp(c->list[part][i].text, text) == 0)
			return;
	c->list[part][c->count[part]++] =
	    (struct stranger_choice){ text, domain };
}

static void
choose_recipient(struct gathering *g, const char *text)
{
	choose(g, STRANGER_RECIPIENT, text, "{foreign}");
}

/* The senders that are looked for by ${key}; what has no @ may be a part of a
 * pattern, too. */
static void
from_sender(struct gathering *g, const char *key)
{
	struct arena *a = g->arena;
	size_t n = strlen(key);

	if (key[0] == '@')
		choose(
		    g, STRANGER_SENDER, arena_printf(a, "user%s", key), NULL);
	else if (key[n - 1] == '@')
		choose(
		    g, STRANGER_SENDER, arena_printf(a, "%s{home}", key), NULL);
	else if (strchr(key, '@') != NULL)
		choose(g, STRANGER_SENDER, arena_strdup(a, key), NULL);
	else
		choose(g, STRANGER_SENDER,
		    arena_printf(
			a, "user@%s%s", key[0] == '.' ? "host" : "", key),
		    NULL);
	if (strchr(key, '@') == NULL && key[0] != '.')
		choose(g, STRANGER_SENDER, arena_printf(a, "%s@{home}", key),
		    NULL);
}

/* The choices that the key of an access table gives. */
static void
from_key(void *arg, enum check_of of, const char *key)
{
	struct gathering *g = arg;
	size_t n = strlen(key);
	bool user = n > 0 && key[n - 1] == '@';

	/* Nothing that could end its command. */
	if (n == 0 || strpbrk(key, " \t\r\n<>\"\\{}") != NULL)
		return;
	switch (of) {
	case CHECK_OF_HELO:
		choose(g, STRANGER_HELO,
		    key[0] == '.' ? arena_printf(g->arena, "host%s", key)
				  : arena_strdup(g->arena, key),
		    NULL);
		break;
	case CHECK_OF_SENDER:
		from_sender(g, key);
		break;
	case CHECK_OF_RECIPIENT:
		/* A domain is the administrator's choice; a user is one in
		 * all domains. */
		if (user)
			choose_recipient(
			    g, arena_printf(g->arena, "%s{foreign}", key));
		break;
	default:
		break;
	}
}

static void
add_ours(struct gathering *g, const char *name)
{
	if (g->nours == MOST_OURS || g->nours_here == MOST_OURS_EACH ||
	    name[0] == '\0' || strpbrk(name, "!/:@ ") != NULL)
		return;
	for (size_t i = 0; i < g->nours; i++)
		if (strcasecmp(g->ours[i], name) == 0)
			return;
	if (name[0] == '.')
		name = arena_printf(g->arena, "host%s", name);
	g->ours[g->nours++] = arena_strdup(g->arena, name);
	g->nours_here++;
}

static void
add_key(void *arg, const char *key, const char *value, unsigned line)
{
	(void)value;
	(void)line;
	add_ours(arg, key);
}

/* Two of the domains that a list has: words, or keys of its tables. */
static void
add_list(struct gathering *g, const char *parameter)
{
	const char *cursor = conf_get(g->conf, parameter, g->arena, NULL);
	struct err err = { "" };
	struct table *table;
	const char *word;

	g->nours_here = 0;
	while (
	    cursor != NULL && (word = conf_word(&cursor, g->arena)) != NULL) {
		if (word[0] == '/' || strchr(word, ':') == NULL) {
			add_ours(g, word);
			continue;
		}
		table = table_open(word, g->conf, &err);
		if ((table_flags(table) & TABLE_MAY_BLOCK) == 0)
			(void)table_each(table, add_key, g, &err);
		table_close(table);
	}
}

static void
find_ours(struct gathering *g)
{
	static const char *const lists[] = { "mydestination", "relay_domains",
		"virtual_mailbox_domains", "virtual_alias_domains",
		"myhostname" };

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		add_list(g, lists[i]);
}

/* A form with one of our domains where the * is. */
static const char *
with_ours(struct arena *arena, const char *form, const char *ours)
{
	const char *star = strchr(form, '*');

	return arena_printf(
	    arena, "%.*s%s%s", (int)(star - form), form, ours, star + 1);
}

/* The end of the list of plain forms is a whole top-level domain: not a
 * mistake in a made-up name, but a pattern with too much in it. */
static void
choose_recipients(struct gathering *g)
{
	static const char *const tops[] = { "com", "net", "org" };

	choose_recipient(g, "user@{foreign}");
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		for (size_t k = 0; k < g->nours; k++)
			choose_recipient(
			    g, with_ours(g->arena, forms[i], g->ours[k]));
	for (size_t i = 0; i < sizeof plain_forms / sizeof plain_forms[0]; i++)
		choose_recipient(g, plain_forms[i]);
	for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
		choose(g, STRANGER_RECIPIENT,
		    arena_printf(
			g->arena, "user@weir-relay-test-{tag}.%s", tops[i]),
		    arena_printf(
			g->arena, "weir-relay-test-{tag}.%s", tops[i]));
	choose(g, STRANGER_RECIPIENT, "user@[{addr}]", "[{addr}]");
}

static void
choose_names(struct gathering *g)
{
	const char *required =
	    conf_get(g->conf, "smtpd_helo_required", g->arena, NULL);

	choose(g, STRANGER_HELO, "mail.{home}", NULL);
	if (required == NULL || strcmp(required, "yes") != 0)
		choose(g, STRANGER_HELO, NULL, NULL);
	choose(g, STRANGER_HELO, "[{addr}]", NULL);
	choose(g, STRANGER_HELO, "{addr}", NULL);
	choose(g, STRANGER_HELO, "localhost", NULL);
	choose(g, STRANGER_SENDER, "user@{home}", NULL);
	choose(g, STRANGER_SENDER, "", NULL);
	for (size_t i = 0; i < g->nours; i++) {
		choose(g, STRANGER_HELO, g->ours[i], NULL);
		choose(g, STRANGER_SENDER,
		    arena_printf(g->arena, "user@%s", g->ours[i]), NULL);
	}
}

static bool
offers_tls(struct gathering *g)
{
	static const char *const names[] = { "smtpd_use_tls",
		"smtpd_enforce_tls", "smtpd_tls_wrappermode" };
	const char *text =
	    conf_get(g->conf, "smtpd_tls_security_level", g->arena, NULL);

	if (text != NULL && text[0] != '\0')
		return strcmp(text, "none") != 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		text = conf_get(g->conf, names[i], g->arena, NULL);
		if (text != NULL && strcmp(text, "yes") == 0)
			return true;
	}
	return false;
}

static void
choose_from_list(
    struct gathering *g, const struct list *list, const struct check *bare)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];
		const struct check *check = step->bare ? bare : step->check;

		if (check != NULL && step->argument.table != NULL &&
		    (check->flags & CHECK_NO_OK) == 0)
			permits_keys(
			    step->argument.table, check->of, from_key, g);
		if (step->then != NULL)
			choose_from_list(g, step->then, bare);
	}
}

void
stranger_choices(struct rules *rules, struct conf *conf, struct arena *arena,
    struct stranger_choices *choices)
{
	static const char *const bare[RULES_LISTS] = {
		[RULES_HELO] = "check_helo_access",
		[RULES_SENDER] = "check_sender_access",
		[RULES_RELAY] = "check_recipient_access",
		[RULES_RECIPIENT] = "check_recipient_access",
	};
	struct gathering g = {
		.arena = arena, .conf = conf, .choices = choices
	};

	memset(choices, 0, sizeof *choices);
	for (unsigned i = 0; i < STRANGER_PARTS; i++)
		choices->list[i] = arena_alloc(
		    arena, MOST_CHOICES * sizeof(struct stranger_choice));
	choices->count[STRANGER_KIND] = offers_tls(&g) ? 4 : 3;
	find_ours(&g);
	choose_names(&g);
	choose_recipients(&g);
	for (unsigned i = 0; i < RULES_LISTS; i++)
		choose_from_list(&g, &rules->lists[i],
		    bare[i] != NULL ? check_find(bare[i]) : NULL);
	for (size_t i = 0; i < rules->classes.count; i++)
		choose_from_list(&g, rules->classes.items[i].value, NULL);
}

/* witness.c - see witness.h. */
#include "weir/witness.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/master.h"
#include "base/net.h"
#include "checks/dnsbl_cache.h"
#include "checks/script.h"
#include "classes/rules.h"
#include "classes/stage.h"
#include "rules/address.h"
#include "rules/route.h"
#include "weir/rehearsal.h"
#include "weir/stranger.h"
#include "weir/witness_why.h"
#include "weir/witness_world.h"

struct search {
	const struct master_service *service;
	struct conf *conf;
	struct rules *rules;
	struct route *route;
	bool no_mappings; /* receive_override_options = no_address_mappings */
	bool assume;      /* see witness_world.h */
	bool refused;     /* a server would have been asked */
	unsigned left;    /* sessions that may be played ... */
	int64_t until;    /* ... before this, of clock_cpu() */
	struct stranger_choices choices;
	struct rehearsal *rehearsal;
	struct witness_world world;
	struct arena *arena; /* of one session */
};

/* One session: which choice of each part. */
struct pick {
	size_t at[STRANGER_PARTS];
};

/* A session in words. */
struct lines {
	const char *client, *tls, *helo, *mail, *rcpt; /* or NULL */
	const char *domain; /* where it is to lead to */
};

static const struct stranger_choice *
chosen(const struct search *s, const struct pick *p, enum stranger_part part)
{
	return &s->choices.list[part][p->at[part]];
}

static void
write_lines(const struct search *s, const struct pick *p,
    const struct stranger *who, struct lines *l)
{
	struct arena *a = s->arena;
	const char *helo = chosen(s, p, STRANGER_HELO)->text;
	const struct stranger_choice *rcpt = chosen(s, p, STRANGER_RECIPIENT);

	l->client = arena_printf(
	    a, "client %s %s %s", who->name, who->addr, who->status);
	l->tls = who->tls != NULL ? arena_printf(a, "tls %s", who->tls) : NULL;
	l->helo = helo != NULL
	    ? arena_printf(a, "ehlo %s", stranger_fill(a, helo, who))
	    : NULL;
	l->mail = arena_printf(a, "mail <%s>",
	    stranger_fill(a, chosen(s, p, STRANGER_SENDER)->text, who));
	l->rcpt =
	    arena_printf(a, "rcpt <%s>", stranger_fill(a, rcpt->text, who));
	l->domain = stranger_fill(a, rcpt->domain, who);
}

/* The records that whoever owns a name could have. */
static void
write_name(struct buf *out, const char *name, const struct stranger *who)
{
	const char *type = strchr(who->addr, ':') != NULL ? "AAAA" : "A";

	buf_printf(out,
	    "world %s %s %s\n"
	    "world %s MX 10 %s\n"
	    "world %s NS ns.%s\n"
	    "world ns.%s %s %s\n",
	    name, type, who->addr, name, name, name, name, name, type,
	    who->addr);
}

static bool
is_host_name(const char *name)
{
	struct net_addr addr;

	return name != NULL && name[0] != '\0' && name[0] != '[' &&
	    strcasecmp(name, "unknown") != 0 && !net_parse(name, &addr);
}

/* Only what a stranger says of himself, and where he wants to go to, is there:
 * nobody's list has him. */
static void
write_names(const struct search *s, const struct lines *l,
    const struct stranger *who, struct buf *out)
{
	const char *sender = strrchr(l->mail, '@');
	const char *names[] = {
		who->name,
		l->helo != NULL ? l->helo + strlen("ehlo ") : NULL,
		sender != NULL
		    ? arena_strndup(s->arena, sender + 1, strlen(sender) - 2)
		    : NULL,
		l->domain,
	};

	for (size_t i = 0; i < 4; i++) {
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again = again ||
			    (is_host_name(names[i]) && names[k] != NULL &&
				strcasecmp(names[i], names[k]) == 0);
		if (is_host_name(names[i]) && !again)
			write_name(out, names[i], who);
	}
}

static struct world *
open_names(
    const struct search *s, const struct lines *l, const struct stranger *who)
{
	struct world *names = script_new();
	struct buf text = { 0 };
	char *rest, *line;

	write_names(s, l, who, &text);
	rest = text.data;
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0')
			(void)script_add(names, line + strlen("world "));
	buf_free(&text);
	return names;
}

/* Does the verdict keep the message from going where it is addressed to? */
static bool
is_diverted(const struct verdict *v)
{
	for (const struct effect *e = v->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_DISCARD || e->kind == EFFECT_HOLD ||
		    e->kind == EFFECT_REDIRECT ||
		    (e->kind == EFFECT_FILTER &&
			(strncmp(e->text, "discard:", 8) == 0 ||
			    strncmp(e->text, "error:", 6) == 0)))
			return true;
	return false;
}

/* A NULL ${line} is left out. */
static bool
say(struct search *s, const char *line)
{
	struct err err = { "" };
	const struct verdict *v;

	if (line == NULL)
		return true;
	if (rehearsal_line(s->rehearsal, line, &err) != REHEARSAL_DONE)
		return false;
	v = rehearsal_verdict(s->rehearsal);
	return v->pass && !is_diverted(v);
}

static bool
goes_to(struct search *s, const char *address, const char *domain)
{
	struct route_answer answer;
	const char *at;

	if (route_resolve(s->route, &s->world.world, s->arena, "", address,
		&answer) == TABLE_FAILED ||
	    answer.recipient == NULL ||
	    (answer.class != ROUTE_DEFAULT && answer.class != ROUTE_RELAY))
		return false;
	at = address_domain(answer.recipient);
	return at != NULL && strcasecmp(at, domain) == 0 &&
	    strcmp(answer.transport, "error") != 0 &&
	    strcmp(answer.transport, "retry") != 0 &&
	    strcmp(answer.transport, "discard") != 0;
}

/* Where the message goes, as intake finds out: is it where he wants? */
static bool
leads_out(struct search *s, const struct lines *l)
{
	struct route_expansion to;
	const char *rest;
	char *address = address_path(
	    s->arena, l->rcpt + strlen("rcpt "), ADDRESS_UTF8, &rest);

	if (address == NULL)
		return false;
	address = route_rewrite(s->route, s->arena, address, true);
	if (s->no_mappings)
		return goes_to(s, address, l->domain);
	if (route_canonical_all(s->route, &s->world.world, s->arena, address,
		'r', &address) == TABLE_FAILED ||
	    route_expand(s->route, &s->world.world, s->arena, address, &to) ==
		TABLE_FAILED)
		return false;
	for (size_t i = 0; i < to.count; i++)
		if (goes_to(s, to.list[i], l->domain))
			return true;
	return false;
}

/* The session up to RCPT: does it relay? */
static bool
relays(struct search *s, const struct lines *l)
{
	return say(s, l->client) && say(s, l->tls) && say(s, l->helo) &&
	    say(s, l->mail) && say(s, l->rcpt) && leads_out(s, l);
}

/* The script: what of the service differs, what has been asked, the session. */
static void
write_script(const struct search *s, const struct lines *l, const char *names,
    struct buf *out)
{
	const char *const spoken[] = { l->client, l->tls, l->helo, l->mail,
		l->rcpt };
	const struct master_service *service = s->service;

	buf_printf(out, "# service %s, %s:%u\nreset\n", service->name,
	    service->origin.file, service->origin.line);
	for (size_t i = 0; i < service->noptions; i++)
		buf_printf(out, "set %s = %s\n", service->options[i].name,
		    service->options[i].value);
	buf_puts(out, names);
	for (size_t i = 0; i < s->world.nservers; i++)
		buf_printf(out, "%s\n", s->world.servers[i]);
	for (size_t i = 0; i < sizeof spoken / sizeof spoken[0]; i++)
		if (spoken[i] != NULL)
			buf_printf(out, "%s\n", spoken[i]);
	buf_printf(out,
	    "expect OK\n# it goes to %s\n"
	    "data\nexpect OK\neod\nexpect OK\n",
	    l->domain);
}

static void
testify(struct search *s, const struct lines *l, const struct stranger *who,
    struct arena *arena, struct witness *witness)
{
	struct witness_why_case c = { .rules = s->rules,
		.conf = s->conf,
		.route = s->route,
		.world = &s->world.world,
		.verdict = rehearsal_verdict(s->rehearsal),
		.recipient = l->rcpt + strlen("rcpt ") };
	struct buf names = { 0 }, script = { 0 };

	witness->why = witness_why(&c, arena);
	if (s->world.asked_dns)
		write_names(s, l, who, &names);
	write_script(s, l, buf_str(&names), &script);
	witness->script = arena_strdup(arena, buf_str(&script));
	buf_free(&names);
	buf_free(&script);
}

/* Play one session to its end; if ${witness}, write down what relays. */
static bool
play(struct search *s, const struct pick *p, const struct stranger *who,
    struct arena *arena, struct witness *witness)
{
	struct lines l;
	struct world *names;
	bool found;

	arena_reset(s->arena);
	write_lines(s, p, who, &l);
	names = open_names(s, &l, who);
	witness_world_begin(&s->world, names, s->assume);
	found = relays(s, &l);
	if (found && witness != NULL)
		testify(s, &l, who, arena, witness);
	found = found && say(s, "data") && say(s, "eod");
	s->refused = s->refused || s->world.refused;
	script_close(names);
	return found;
}

/* It works for everybody of his kind, so that no trust of the administrator's
 * is behind it. */
static bool
try(struct search *s, const struct pick *p, struct arena *arena,
    struct witness *witness)
{
	size_t kind = p->at[STRANGER_KIND];

	s->left--;
	for (size_t i = 0; i < STRANGER_MEMBERS; i++)
		if (!play(s, p, stranger_get(kind, i), NULL, NULL))
			return false;
	/* What is known already would not be asked. */
	dnsbl_cache_flush();
	return play(s, p, stranger_get(kind, 0), arena, witness);
}

/* The next pick in which those parts that ${parts} has, and only they, are not
 * the plainest; false: there is none more. */
static bool
next_pick(const struct search *s, unsigned parts, struct pick *p)
{
	for (unsigned i = 0; i < STRANGER_PARTS; i++) {
		if ((parts & 1U << i) == 0)
			continue;
		if (++p->at[i] < s->choices.count[i])
			return true;
		p->at[i] = 1;
	}
	return false;
}

static bool
try_parts(struct search *s, unsigned parts, struct arena *arena,
    struct witness *witness)
{
	struct pick p = { { 0 } };

	for (unsigned i = 0; i < STRANGER_PARTS; i++)
		if ((parts & 1U << i) != 0) {
			if (s->choices.count[i] < 2)
				return false;
			p.at[i] = 1;
		}
	do
		if (s->left > 0 && clock_cpu() < s->until &&
		    try(s, &p, arena, witness))
			return true;
	while (
	    s->left > 0 && clock_cpu() < s->until && next_pick(s, parts, &p));
	return false;
}

/* The plain session, then those that differ from it in one part, two ... */
static bool
search(struct search *s, struct arena *arena, struct witness *witness)
{
	s->left = WITNESS_SESSIONS;
	s->until = clock_cpu() + WITNESS_SECONDS * CLOCK_SECOND;
	for (int differ = 0; differ <= STRANGER_PARTS; differ++)
		for (unsigned parts = 0; parts < 1U << STRANGER_PARTS; parts++)
			if (__builtin_popcount(parts) == differ &&
			    try_parts(s, parts, arena, witness))
				return true;
	return false;
}

static bool
maps_nothing(struct conf *conf, struct arena *arena)
{
	const char *cursor =
	    conf_get(conf, "receive_override_options", arena, NULL);
	const char *word;

	while (cursor != NULL && (word = conf_word(&cursor, arena)) != NULL)
		if (strcasecmp(word, "no_address_mappings") == 0)
			return true;
	return false;
}

bool
witness_find(const struct master_service *service, struct conf *conf,
    struct rules *rules, struct route *route, struct arena *arena,
    struct witness *witness)
{
	struct search s = { .service = service,
		.conf = conf,
		.rules = rules,
		.route = route,
		.no_mappings = maps_nothing(conf, arena),
		.arena = arena_new() };
	struct rehearsal_settings settings = {
		.conf = conf, .world = &s.world.world, .quiet = true
	};
	bool found;

	stranger_choices(rules, conf, arena, &s.choices);
	s.rehearsal = rehearsal_new(&settings);
	found = search(&s, arena, witness);
	if (!found && s.refused) {
		s.assume = true;
		found = search(&s, arena, witness);
	}
	rehearsal_free(s.rehearsal);
	arena_free(s.arena);
	return found;
}

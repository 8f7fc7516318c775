/* script.c - see script.h. */
#include "checks/script.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/lines.h"
#include "checks/spf_evaluate.h"
#include "rules/memory.h"
#include "rules/world.h"

enum { MOST_RECORDS = 64, MOST_CHAIN = 8, TTL = 60 };

struct record {
	struct record *next;
	const char *name; /* small letters; "*.below" */
	enum dns_type type;
	bool servfail;
	struct dns_record data;
};

struct answer_line {
	struct answer_line *next;
	const char *to; /* end point or address */
	enum world_probe probe;
	const char *text;
};

struct script {
	struct world world; /* first */
	struct arena *arena;
	struct record *records;
	struct answer_line *policies, *probes;
	struct answer_line *empty; /* tables */
	struct answer_line *memories;
	struct memory *memory;
	bool passes; /* instead of it */
	uint64_t random;
};

/* clang-format off */
static const struct {
	const char *name;
	enum dns_type type;
} types[] = {
	{ "A", DNS_A },     { "AAAA", DNS_AAAA },   { "MX", DNS_MX },
	{ "NS", DNS_NS },   { "CNAME", DNS_CNAME }, { "PTR", DNS_PTR },
	{ "TXT", DNS_TXT },
};

static const struct {
	const char *name;
	enum world_probe probe;
} probes[] = {
	{ "ok", WORLD_PROBE_OK },           { "bad", WORLD_PROBE_BAD },
	{ "unknown", WORLD_PROBE_UNKNOWN }, { "failed", WORLD_PROBE_FAILED },
	{ "pending", WORLD_PROBE_PENDING },
};
/* clang-format on */

static char *
next_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, " \t\n");
	while (word != NULL && *word == '\0');
	return word;
}

static char *
what_follows(char *rest)
{
	return rest != NULL ? rest + strspn(rest, " \t") : NULL;
}

/* A host name as the resolver gives it: small letters, no last dot. */
static const char *
host(struct arena *arena, const char *text)
{
	size_t n = strlen(text);

	if (n > 0 && text[n - 1] == '.')
		n--;
	return arena_lower(arena, arena_strndup(arena, text, n));
}

static bool
read_data(struct script *s, struct record *r, char *data)
{
	char *word, *end;

	if (data == NULL)
		return false;
	switch (r->type) {
	case DNS_A:
		return inet_pton(AF_INET, data, r->data.octets) == 1;
	case DNS_AAAA:
		return inet_pton(AF_INET6, data, r->data.octets) == 1;
	case DNS_TXT:
		r->data.name = arena_strdup(s->arena, data);
		return true;
	case DNS_MX:
		word = next_word(&data);
		if (word == NULL)
			return false;
		r->data.preference = (unsigned)strtoul(word, &end, 10);
		if (*end != '\0')
			return false;
		break;
	default:
		break;
	}
	word = next_word(&data);
	if (word == NULL)
		return false;
	r->data.name = host(s->arena, word);
	return true;
}

static bool
add_record(struct script *s, const char *name, const char *type, char *data)
{
	struct record *r = arena_alloc(s->arena, sizeof *r), **end;

	r->name = host(s->arena, name);
	for (end = &s->records; *end != NULL; end = &(*end)->next)
		;
	if (strcasecmp(type, "SERVFAIL") == 0) {
		r->servfail = true;
		*end = r;
		return true;
	}
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (strcasecmp(types[i].name, type) != 0)
			continue;
		r->type = types[i].type;
		*end = r;
		return read_data(s, r, data);
	}
	return false;
}

static bool
add_answer(struct script *s, bool policy, char *rest)
{
	struct answer_line *a = arena_alloc(s->arena, sizeof *a);
	struct answer_line **head = policy ? &s->policies : &s->probes;
	char *to = next_word(&rest), *word;

	if (to == NULL)
		return false;
	a->to = arena_strdup(s->arena, to);
	a->next = *head;
	*head = a;
	if (!policy) {
		word = next_word(&rest);
		a->probe = WORLD_PROBE_PENDING;
		for (size_t i = 0;
		     word != NULL && i < sizeof probes / sizeof probes[0]; i++)
			if (strcasecmp(probes[i].name, word) == 0)
				a->probe = probes[i].probe;
		if (word == NULL)
			return false;
	}
	rest = what_follows(rest);
	a->text = arena_strdup(s->arena, rest != NULL ? rest : "");
	return true;
}

static bool
add_table(struct script *s, const char *spec)
{
	struct answer_line *a = arena_alloc(s->arena, sizeof *a);

	if (spec == NULL || spec[0] == '\0')
		return false;
	a->to = arena_strdup(s->arena, spec);
	a->next = s->empty;
	s->empty = a;
	return true;
}

/* What a decision with memory comes to, whoever asks. */
static bool
add_memory(struct script *s, char *rest)
{
	struct answer_line *a = arena_alloc(s->arena, sizeof *a);
	char *to = next_word(&rest), *end;

	if (to == NULL)
		return false;
	a->to = arena_strdup(s->arena, to);
	rest = what_follows(rest);
	a->text = arena_strdup(s->arena, rest != NULL ? rest : "");
	a->next = s->memories;
	s->memories = a;
	if (strcmp(a->text, "away") == 0)
		return true;
	for (const char *p = a->text; *p != '\0'; p = end) {
		(void)strtoll(p, &end, 10);
		if (end == p)
			return false;
	}
	return true;
}

static bool
read_line(struct script *s, char *line)
{
	char *rest = line, *name, *type;

	name = next_word(&rest);
	if (name == NULL)
		return true;
	if (strcasecmp(name, "policy") == 0 || strcasecmp(name, "probe") == 0)
		return add_answer(s, strcasecmp(name, "policy") == 0, rest);
	if (strcasecmp(name, "table") == 0)
		return add_table(s, what_follows(rest));
	if (strcasecmp(name, "memory") == 0)
		return add_memory(s, rest);
	type = next_word(&rest);
	return type != NULL && add_record(s, name, type, what_follows(rest));
}

static const char *
owner_of(struct script *s, const char *name, bool *below)
{
	size_t n = strlen(name), length;
	const char *dot;

	*below = false;
	for (const struct record *r = s->records; r != NULL; r = r->next) {
		if (strcmp(r->name, name) == 0)
			return r->name;
		length = strlen(r->name);
		if (length > n && r->name[length - n - 1] == '.' &&
		    strcmp(r->name + length - n, name) == 0)
			*below = true;
	}
	for (dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
		for (const struct record *r = s->records; r != NULL;
		     r = r->next)
			if (r->name[0] == '*' && strcmp(r->name + 1, dot) == 0)
				return r->name;
	return NULL;
}

/* The CNAME of ${owner}, or NULL. */
static const char *
alias_of(struct script *s, const char *owner)
{
	for (const struct record *r = s->records; r != NULL; r = r->next)
		if (strcmp(r->name, owner) == 0 && !r->servfail &&
		    r->type == DNS_CNAME)
			return r->data.name;
	return NULL;
}

static void
collect(struct script *s, const char *owner, struct dns_record *records,
    struct dns_question *q)
{
	struct dns_answer *answer = &q->answer;

	answer->status = DNS_NODATA;
	for (const struct record *r = s->records; r != NULL; r = r->next) {
		if (strcmp(r->name, owner) != 0)
			continue;
		if (r->servfail) {
			answer->status = DNS_RETRY;
			answer->count = 0;
			return;
		}
		if (r->type == q->type && answer->count < MOST_RECORDS) {
			records[answer->count++] = r->data;
			answer->status = DNS_FOUND;
		}
	}
}

static void
answer(struct script *s, struct arena *arena, struct dns_question *q)
{
	struct dns_record *records =
	    arena_alloc(arena, MOST_RECORDS * sizeof *records);
	const char *name = host(arena, q->name), *owner, *alias;
	bool below;

	memset(&q->answer, 0, sizeof q->answer);
	q->answer.records = records;
	q->answer.ttl = TTL;
	for (unsigned i = 0; i < MOST_CHAIN; i++) {
		q->answer.canon = name;
		owner = owner_of(s, name, &below);
		if (owner == NULL) {
			q->answer.status = below ? DNS_NODATA : DNS_NXDOMAIN;
			return;
		}
		alias = q->type == DNS_CNAME ? NULL : alias_of(s, owner);
		if (alias == NULL) {
			collect(s, owner, records, q);
			return;
		}
		name = alias;
	}
	q->answer.status = DNS_RETRY;
}

static void
ask_all(struct world *world, struct arena *arena,
    struct dns_question *questions, size_t n, int64_t deadline)
{
	(void)deadline;
	for (size_t i = 0; i < n; i++)
		answer((struct script *)world, arena, &questions[i]);
}

static const struct answer_line *
find_line(const struct answer_line *a, const char *to)
{
	while (a != NULL && strcasecmp(a->to, to) != 0)
		a = a->next;
	return a;
}

static enum table_status
find(struct world *world, struct arena *arena, struct table *table,
    const char *key, struct table_value *value)
{
	if (find_line(((struct script *)world)->empty, table_spec(table)) !=
	    NULL) {
		*value = (struct table_value){ 0 };
		return TABLE_NONE;
	}
	return table_find(table, arena, key, value);
}

static const char *
policy(struct world *world, struct arena *arena, const struct world_service *to,
    const char *request, int64_t deadline, const char **why)
{
	const struct answer_line *a =
	    find_line(((struct script *)world)->policies, to->endpoint);

	(void)request;
	(void)deadline;
	*why = "the script has no answer for it";
	return a != NULL ? arena_strdup(arena, a->text) : NULL;
}

static enum world_probe
verify(struct world *world, struct arena *arena, const char *address,
    const char **text)
{
	const struct answer_line *a =
	    find_line(((struct script *)world)->probes, address);

	*text = a != NULL ? arena_strdup(arena, a->text) : "";
	return a != NULL ? a->probe : WORLD_PROBE_FAILED;
}

static bool
remember(struct world *world, struct arena *arena,
    const struct memory_question *question, int64_t *results, const char **why)
{
	struct script *s = (struct script *)world;
	const struct answer_line *a =
	    find_line(s->memories, question->rule->name);
	const char *p;
	char *end;

	(void)arena;
	if (a == NULL && s->passes) {
		memset(results, 0, MEMORY_RESULTS * sizeof *results);
		return true;
	}
	if (a == NULL) {
		if (s->memory == NULL)
			s->memory = memory_new();
		memory_decide(
		    s->memory, question, clock_now() / CLOCK_MS, results);
		return true;
	}
	*why = "the script says that it is away";
	if (strcmp(a->text, "away") == 0)
		return false;
	p = a->text;
	for (size_t i = 0; i < MEMORY_RESULTS; i++, p = end)
		results[i] = strtoll(p, &end, 10);
	return true;
}

/* In this process: a policy that makes the library abort ends a test. */
static bool
spf(struct world *world, struct arena *arena, const struct spf_query *query,
    struct spf_reply *reply, int64_t deadline)
{
	(void)world;
	(void)deadline;
	spf_evaluate(arena, query, reply);
	return true;
}

static int64_t
now(struct world *world)
{
	(void)world;
	return clock_now();
}

static int64_t
mono(struct world *world)
{
	(void)world;
	return clock_mono();
}

static uint64_t
next_random(struct world *world)
{
	return ((struct script *)world)->random++;
}

static const struct world_ops ops = {
	.ask_all = ask_all,
	.find = find,
	.policy = policy,
	.verify = verify,
	.remember = remember,
	.spf = spf,
	.now = now,
	.mono = mono,
	.random = next_random,
};

struct world *
script_new(void)
{
	struct arena *arena = arena_new();
	struct script *s = arena_alloc(arena, sizeof *s);

	s->world.ops = &ops;
	s->arena = arena;
	return &s->world;
}

int
script_add(struct world *world, const char *line)
{
	struct script *s = (struct script *)world;

	if (line[0] == '#')
		return 0;
	return read_line(s, arena_strdup(s->arena, line)) ? 0 : -1;
}

void
script_pass(struct world *world)
{
	((struct script *)world)->passes = true;
}

struct world *
script_open(const char *path, struct err *err)
{
	struct world *world = script_new();
	struct buf text = { 0 };
	unsigned number = 0;
	char *rest, *line;

	if (lines_load(path, &text, err) != 0)
		goto fail;
	buf_putc(&text, '\n'); /* ends the text, too */
	rest = text.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (script_add(world, line) != 0) {
			err_set(
			    err, "%s:%u: not a line of a world", path, number);
			goto fail;
		}
	}
	buf_free(&text);
	return world;
fail:
	buf_free(&text);
	script_close(world);
	return NULL;
}

void
script_close(struct world *world)
{
	struct script *s = (struct script *)world;

	if (s == NULL)
		return;
	memory_free(s->memory);
	arena_free(s->arena);
}

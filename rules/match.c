/* match.c - see match.h. */
#include "rules/match.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/lines.h"
#include "base/net.h"
#include "rules/address.h"
#include "rules/world.h"

enum { MOST_NESTED_FILES = 20 };

/* How an element is compared. */
enum kind {
	WORD,
	BLOCK,     /* with addresses of its family, beside being a word */
	BAD_BLOCK, /* fails for those */
	TABLE,
	BAD, /* fails for everything */
};

struct element {
	struct element *next;
	enum kind kind;
	bool wanted;      /* false: behind an odd number of '!' */
	const char *text; /* in small letters */
	const char *file; /* where it stands; NULL: in the parameter */
	unsigned line;
	struct net_block block;
	enum net_family family;
	struct table *table;
	const char *why; /* of the bad ones */
	atomic_bool complained;
};

struct match {
	struct arena *arena;
	const char *name;
	unsigned flags; /* MATCH_* */
	unsigned table_flags;
	struct element *first, **last;
};

/* While a list is read. */
struct reader {
	struct match *match;
	struct conf *conf;
	struct err *err;
	const char *file; /* that is being read; NULL: the parameter */
	unsigned line;
	unsigned depth;
};

static struct element *
add(struct reader *reader, enum kind kind, bool wanted, const char *text)
{
	struct match *match = reader->match;
	struct element *element = arena_alloc(match->arena, sizeof *element);

	element->kind = kind;
	element->wanted = wanted;
	element->text = text;
	element->file = reader->file;
	element->line = reader->line;
	*match->last = element;
	match->last = &element->next;
	return element;
}

/* A mistake: keep it with the element, and tell the admin where it is. */
static void
complain(struct reader *reader, struct element *element, const char *why)
{
	struct arena *arena = reader->match->arena;
	const char *before = "", *place = reader->match->name;

	element->why = arena_strdup(arena, why);
	if (reader->err == NULL)
		return;
	if (reader->err->text[0] != '\0')
		before = arena_printf(arena, "%s; ", reader->err->text);
	if (reader->file != NULL)
		place =
		    arena_printf(arena, "%s:%u", reader->file, reader->line);
	err_set(reader->err, "%s%s: %s", before, place, why);
}

/* Could ${text} be meant as an address block?  Only then a mistake in it is
 * one: other words are passed over when addresses are compared. */
static bool
is_block(const char *text)
{
	static const char v6[] = "01234567890.abcdef:[]/";

	return strpbrk(text, ":/") != NULL && text[strspn(text, v6)] == '\0' &&
	    text[strspn(text, "0123456789.")] != '\0';
}

static void
add_word(struct reader *reader, const char *word, bool wanted)
{
	char *text = address_fold(reader->match->arena, word);
	struct element *element = add(reader, WORD, wanted, text);
	struct err why = { "" };

	if (!is_block(text))
		return;
	element->family = strchr(text, ':') != NULL ? NET_IPV6 : NET_IPV4;
	if (net_block_parse(text, &element->block, &why)) {
		element->kind = BLOCK;
	} else {
		element->kind = BAD_BLOCK;
		complain(reader, element, why.text);
	}
}

static void
add_table(struct reader *reader, const char *spec, bool wanted)
{
	struct element *element = add(reader, TABLE, wanted, spec);
	struct err why = { "" };

	element->table = table_open(spec, reader->conf, &why);
	reader->match->table_flags |= table_flags(element->table);
	if (why.text[0] != '\0')
		complain(reader, element, why.text);
}

static void read_list(struct reader *reader, const char *text, bool wanted);

static void
add_file(struct reader *reader, const char *path, bool wanted)
{
	struct reader inner = *reader;
	struct buf text = { 0 }, line = { 0 };
	struct err why = { "" };
	struct lines lines;

	if (reader->depth >= MOST_NESTED_FILES)
		err_set(&why, "%s: files are nested too deeply", path);
	else
		(void)lines_load(path, &text, &why);
	if (why.text[0] != '\0') {
		complain(reader, add(reader, BAD, wanted, path), why.text);
		buf_free(&text);
		return;
	}
	inner.depth++;
	inner.file = arena_strdup(reader->match->arena, path);
	lines = (struct lines){ .file = path,
		.p = buf_str(&text),
		.end = buf_str(&text) + text.len };
	while (lines_next(&lines, &line, &inner.line))
		read_list(&inner, buf_str(&line), wanted);
	buf_free(&line);
	buf_free(&text);
}

/* Files may name files. */
static void
read_list(struct reader *reader, const char *text, bool wanted)
{
	const char *cursor = text;
	char *word;

	while ((word = conf_word(&cursor, reader->match->arena)) != NULL) {
		bool positive = wanted;

		for (; *word == '!'; word++)
			positive = !positive;
		if (*word == '\0')
			complain(reader, add(reader, BAD, positive, "!"),
			    "no pattern after '!'");
		else if (*word == '/')
			add_file(reader, word, positive);
		else if (*word != '[' && strchr(word, ':') != NULL)
			add_table(reader, word, positive);
		else
			add_word(reader, word, positive);
	}
}

struct match *
match_open(const char *text, const char *name, unsigned flags,
    struct conf *conf, struct err *err)
{
	struct arena *arena = arena_new();
	struct match *match = arena_alloc(arena, sizeof *match);
	struct reader reader = { .match = match, .conf = conf, .err = err };

	match->arena = arena;
	match->name = arena_strdup(arena, name);
	match->flags = flags;
	match->last = &match->first;
	read_list(&reader, text, true);
	return match;
}

void
match_close(struct match *match)
{
	if (match == NULL)
		return;
	for (struct element *e = match->first; e != NULL; e = e->next)
		if (e->kind == TABLE)
			table_close(e->table);
	arena_free(match->arena);
}

bool
match_empty(const struct match *match)
{
	return match == NULL || match->first == NULL;
}

unsigned
match_flags(const struct match *match)
{
	return match != NULL ? match->table_flags & TABLE_MAY_BLOCK : 0;
}

unsigned
match_style(struct conf *conf, const char *name)
{
	struct arena *arena = arena_new();
	const char *cursor =
	    conf_get(conf, "parent_domain_matches_subdomains", arena, NULL);
	unsigned flags = 0;
	const char *word;

	while (cursor != NULL && (word = conf_word(&cursor, arena)) != NULL)
		if (strcasecmp(word, name) == 0)
			flags = MATCH_PARENT;
	arena_free(arena);
	return flags;
}

/* What is being looked for. */
struct subject {
	struct match *match;
	struct world *world;
	struct arena *arena;
	const char *name; /* in small letters; or NULL */
	bool domain;      /* compare parents of ${name}, too */
	const struct net_addr *addr;
	const char *addr_text;
	struct match_member *member; /* NULL: nobody wants to know */
};

static enum table_status
ask(const struct subject *s, const struct element *element, const char *key)
{
	struct table_value value;
	enum table_status status =
	    world_find(s->world, s->arena, element->table, key, &value);

	if (status == TABLE_FAILED)
		event_warning(NULL, "%s: %s: table lookup problem",
		    s->match->name, element->text);
	if (status != TABLE_NONE && s->member != NULL) {
		s->member->key = arena_strdup(s->arena, key);
		s->member->value = value;
	}
	return status;
}

/* A table has the name, or (if its keys are fixed) a parent of it. */
static enum table_status
ask_name(const struct subject *s, const struct element *element)
{
	bool whole =
	    !s->domain || (table_flags(element->table) & TABLE_WHOLE_KEY) != 0;
	enum table_status status = TABLE_NONE;

	for (const char *key = s->name; *key != '\0';) {
		status = ask(s, element, key);
		if (status != TABLE_NONE || whole ||
		    (key = strchr(key + 1, '.')) == NULL)
			break;
		if ((s->match->flags & MATCH_PARENT) != 0)
			key++;
	}
	return status;
}

/* ${pattern} is the name, or a domain that it is in. */
static bool
is_name(const struct subject *s, const char *pattern)
{
	size_t len = strlen(s->name), tail = strlen(pattern);
	const char *end;

	if (strcmp(s->name, pattern) == 0)
		return true;
	if (!s->domain || len <= tail)
		return false;
	end = s->name + len - tail;
	if (strcmp(end, pattern) != 0)
		return false;
	return (s->match->flags & MATCH_PARENT) != 0 ? end[-1] == '.'
						     : pattern[0] == '.';
}

static enum table_status
fail(const struct subject *s, struct element *element)
{
	if (!atomic_exchange(&element->complained, true))
		event_warning(NULL, "%s: %s", s->match->name, element->why);
	if (s->member != NULL)
		s->member->value.text = element->why;
	return TABLE_FAILED;
}

static enum table_status
compare_name(const struct subject *s, struct element *element)
{
	if (element->kind == TABLE)
		return ask_name(s, element);
	return is_name(s, element->text) ? TABLE_FOUND : TABLE_NONE;
}

static bool
is_addr_text(const struct subject *s, const char *pattern)
{
	size_t len = strlen(s->addr_text);

	if (*pattern != '[')
		return strcmp(pattern, s->addr_text) == 0;
	return strncmp(pattern + 1, s->addr_text, len) == 0 &&
	    strcmp(pattern + 1 + len, "]") == 0;
}

static enum table_status
compare_addr(const struct subject *s, struct element *element)
{
	if (element->kind == TABLE)
		return ask(s, element, s->addr_text);
	if (is_addr_text(s, element->text))
		return TABLE_FOUND;
	if (element->family != s->addr->family)
		return TABLE_NONE;
	if (element->kind == BAD_BLOCK)
		return fail(s, element);
	return net_block_has(&element->block, s->addr) ? TABLE_FOUND
						       : TABLE_NONE;
}

static enum table_status
compare_one(const struct subject *s, struct element *e)
{
	enum table_status status = TABLE_NONE;

	if (e->kind == BAD)
		return fail(s, e);
	if (s->name != NULL)
		status = compare_name(s, e);
	if (status == TABLE_NONE && s->addr != NULL)
		status = compare_addr(s, e);
	return status;
}

static enum table_status
compare(const struct subject *s)
{
	for (struct element *e = s->match->first; e != NULL; e = e->next) {
		enum table_status status = compare_one(s, e);

		if (status == TABLE_NONE)
			continue;
		if (s->member != NULL) {
			s->member->text = e->text;
			s->member->excludes = !e->wanted;
			s->member->file = e->file;
			s->member->line = e->line;
		}
		if (status == TABLE_FAILED)
			return TABLE_FAILED;
		return e->wanted ? TABLE_FOUND : TABLE_NONE;
	}
	return TABLE_NONE;
}

enum table_status
match_which(struct match *match, struct world *world, struct arena *arena,
    const struct match_question *question, struct match_member *member)
{
	const struct net_addr *addr = question->addr;
	struct subject s = { .match = match,
		.world = world,
		.arena = arena,
		.domain = question->as != MATCH_AS_STRING,
		.member = member };
	char text[NET_TEXT];

	if (member != NULL)
		*member = (struct match_member){ 0 };
	if (match_empty(match))
		return TABLE_NONE;
	s.name = address_fold(arena, question->name);
	if (addr != NULL &&
	    (addr->family == NET_IPV4 || addr->family == NET_IPV6)) {
		s.addr = addr;
		s.addr_text = net_print(addr, text);
	}
	return compare(&s);
}

enum table_status
match_string(struct match *match, struct world *world, struct arena *arena,
    const char *string)
{
	const struct match_question q = { MATCH_AS_STRING, string, NULL };

	return match_which(match, world, arena, &q, NULL);
}

enum table_status
match_domain(struct match *match, struct world *world, struct arena *arena,
    const char *domain)
{
	const struct match_question q = { MATCH_AS_DOMAIN, domain, NULL };

	return match_which(match, world, arena, &q, NULL);
}

enum table_status
match_client(struct match *match, struct world *world, struct arena *arena,
    const char *name, const struct net_addr *addr)
{
	const struct match_question q = { MATCH_AS_CLIENT, name, addr };

	return match_which(match, world, arena, &q, NULL);
}

/* table_cidr.c - cidr:/path: addresses and blocks of them (cidr_table(5)).
 *
 * A v4-mapped IPv6 address is an IPv6 address here, as in Postfix. */
#include "rules/table_cidr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/ruletext.h"
#include "rules/stamp.h"

static const size_t NO_IF = (size_t)-1;

struct block {
	int family;
	unsigned bits;
	unsigned char octets[16];
	bool negated;
};

enum kind { RULE, IF, ENDIF };

struct rule {
	enum kind kind;
	unsigned line;
	struct block block;
	const char *value;
	size_t jump; /* of an if: its endif, or behind the last rule; while
		      * the table is read, the if around it */
};

struct cidr {
	const char *name;
	struct arena *arena;
	struct rule *rules;
	size_t count, room;
	size_t open; /* the innermost if, while the table is read */
	unsigned bad;
	struct stamp stamp;
};

static int
family_of(const char *address)
{
	return strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
}

static unsigned
width(int family)
{
	return family == AF_INET6 ? 128 : 32;
}

/* Set the bits behind the first ${bits} to zero; false: they were. */
static bool
clear_host_bits(struct block *b)
{
	bool any = false;
	unsigned keep;

	for (unsigned i = 0; i < width(b->family) / 8; i++) {
		keep = b->bits >= (i + 1) * 8 ? 0xff
		    : b->bits <= i * 8        ? 0
					      : 0xff << ((i + 1) * 8 - b->bits);
		any = any || (b->octets[i] & ~keep) != 0;
		b->octets[i] &= (unsigned char)keep;
	}
	return any;
}

/* "address/bits", cut in two. */
static int
parse_masked(
    const char *address, const char *mask, struct block *b, struct err *err)
{
	char text[INET6_ADDRSTRLEN];
	size_t digits = strspn(mask, "0123456789");

	if (digits == 0 || mask[digits] != '\0') {
		err_set(err, "bad mask value in \"%s/%s\"", address, mask);
		return -1;
	}
	b->bits = digits > 3 ? 999 : (unsigned)strtoul(mask, NULL, 10);
	if (b->bits > width(b->family)) {
		err_set(err, "bad mask length in \"%s/%s\"", address, mask);
		return -1;
	}
	if (inet_pton(b->family, address, b->octets) != 1) {
		err_set(err, "bad network value in \"%s/%s\"", address, mask);
		return -1;
	}
	if (clear_host_bits(b)) {
		(void)inet_ntop(b->family, b->octets, text, sizeof text);
		err_set(err,
		    "non-null host address bits in \"%s/%s\", perhaps you "
		    "should use \"%s/%u\" instead",
		    address, mask, text, b->bits);
		return -1;
	}
	return 0;
}

/* "address", "address/bits", "[address]/bits", "[address/bits]", in place. */
static int
parse_block(char *pattern, struct block *b, struct err *err)
{
	char *mask, *end;

	if (*pattern == '[') {
		pattern++;
		end = strchr(pattern, ']');
		if (end == NULL) {
			err_set(err, "missing ']' character after \"[%s\"",
			    pattern);
			return -1;
		}
		*end++ = '\0';
		if (*end != '\0' && *end != '/') {
			err_set(err, "garbage after \"[%s]\"", pattern);
			return -1;
		}
		mask = *end == '/' ? end : strchr(pattern, '/');
	} else {
		mask = strchr(pattern, '/');
	}
	if (mask != NULL)
		*mask++ = '\0';
	b->family = family_of(pattern);
	if (mask != NULL)
		return parse_masked(pattern, mask, b, err);
	b->bits = width(b->family);
	if (inet_pton(b->family, pattern, b->octets) == 1)
		return 0;
	err_set(err, "bad address pattern: \"%s\"", pattern);
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char *
skip_blanks(char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

static struct rule *
add_rule(struct cidr *c, enum kind kind, unsigned line)
{
	struct rule *rule;

	if (c->count == c->room) {
		c->room = c->room > 0 ? c->room * 2 : 16;
		c->rules = realloc(c->rules, c->room * sizeof *c->rules);
		if (c->rules == NULL)
			fatal("out of memory");
	}
	rule = &c->rules[c->count++];
	memset(rule, 0, sizeof *rule);
	rule->kind = kind;
	rule->line = line;
	return rule;
}

static char *
take_negation(char *p, struct block *b)
{
	for (p = skip_blanks(p); *p == '!'; p = skip_blanks(p + 1))
		b->negated = !b->negated;
	return p;
}

static int
take_rule(struct cidr *c, unsigned line, char *text, struct err *err)
{
	struct block block = { 0 };
	struct rule *rule;
	char *pattern = take_negation(text, &block), *value = pattern;

	while (*value != '\0' && !is_blank(*value))
		value++;
	if (*value != '\0') {
		*value = '\0';
		value = skip_blanks(value + 1);
	}
	if (*pattern == '\0' || *value == '\0') {
		err_set(err, "%s",
		    *pattern == '\0' ? "no address pattern"
				     : "no lookup result");
		return -1;
	}
	if (parse_block(pattern, &block, err) != 0)
		return -1;
	rule = add_rule(c, RULE, line);
	rule->block = block;
	rule->value = arena_strdup(c->arena, value);
	return 0;
}

static int
take_if(struct cidr *c, unsigned line, char *text, struct err *err)
{
	struct block block = { 0 };
	struct rule *rule;
	char *pattern = take_negation(text, &block);

	if (*pattern == '\0') {
		err_set(err, "no address pattern");
		return -1;
	}
	if (parse_block(pattern, &block, err) != 0)
		return -1;
	rule = add_rule(c, IF, line);
	rule->block = block;
	rule->jump = c->open;
	c->open = c->count - 1;
	return 0;
}

static int
take_endif(struct cidr *c, unsigned line, char *text, struct err *err)
{
	struct rule *opening;

	if (*skip_blanks(text) != '\0') {
		err_set(err, "garbage after ENDIF");
		return -1;
	}
	if (c->open == NO_IF) {
		err_set(err, "ENDIF without IF");
		return -1;
	}
	(void)add_rule(c, ENDIF, line);
	opening = &c->rules[c->open];
	c->open = opening->jump;
	opening->jump = c->count - 1;
	return 0;
}

static void
take(void *arg, char *text, unsigned line)
{
	struct cidr *c = arg;
	struct err err = { "" };
	int result;

	if (ruletext_word(text, "if"))
		result = take_if(c, line, text + strlen("if"), &err);
	else if (ruletext_word(text, "endif"))
		result = take_endif(c, line, text + strlen("endif"), &err);
	else
		result = take_rule(c, line, text, &err);
	if (result == 0)
		return;
	c->bad++;
	ruletext_warn(
	    "cidr", c->name, line, "%s: skipping this rule", err.text);
}

static void
close_cidr(void *state)
{
	struct cidr *c = state;

	free(c->rules);
	arena_free(c->arena);
	free(c);
}

static void *
open_cidr(struct table_opening *opening, struct err *err)
{
	struct cidr *c = calloc(1, sizeof *c);
	size_t around;

	if (c == NULL)
		fatal("out of memory");
	c->arena = arena_new();
	c->name = arena_strdup(c->arena, opening->name);
	c->open = NO_IF;
	if (ruletext_is_file(c->name))
		c->stamp = stamp_take(c->name);
	if (ruletext_read("cidr", c->name, take, c, err) != 0) {
		close_cidr(c);
		return NULL;
	}
	for (; c->open != NO_IF; c->open = around) {
		ruletext_warn("cidr", c->name, c->rules[c->open].line,
		    "IF has no matching ENDIF");
		around = c->rules[c->open].jump;
		c->rules[c->open].jump = c->count;
		c->bad++;
	}
	opening->bad = c->bad;
	return c;
}

/* Is the address, of ${family}, what ${b} says?  A block of the other family
 * never is, negated or not. */
static bool
matches(const struct block *b, int family, const unsigned char *octets)
{
	unsigned whole = b->bits / 8, rest = b->bits % 8;
	bool in;

	if (b->family != family)
		return false;
	in = memcmp(b->octets, octets, whole) == 0 &&
	    (rest == 0 ||
		((b->octets[whole] ^ octets[whole]) >> (8 - rest)) == 0);
	return in != b->negated;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct cidr *c = state;
	const struct rule *rule;
	unsigned char octets[16];
	int family = family_of(key);

	if (inet_pton(family, key, octets) != 1)
		return TABLE_NONE;
	for (size_t i = 0; i < c->count; i++) {
		rule = &c->rules[i];
		if (rule->kind == ENDIF)
			continue;
		if (!matches(&rule->block, family, octets)) {
			if (rule->kind == IF)
				i = rule->jump;
			continue;
		}
		if (rule->kind == IF)
			continue;
		value->text = arena_strdup(arena, rule->value);
		if (ruletext_is_file(c->name)) {
			value->file = arena_strdup(arena, c->name);
			value->line = rule->line;
		}
		return TABLE_FOUND;
	}
	return TABLE_NONE;
}

static bool
changed(void *state)
{
	struct cidr *c = state;

	return ruletext_is_file(c->name) && stamp_changed(&c->stamp, c->name);
}

/* Has ${whole} every address that ${part} has? */
static bool
covers(const struct block *whole, const struct block *part)
{
	return !whole->negated && !part->negated && whole->bits <= part->bits &&
	    matches(whole, part->family, part->octets);
}

/* The rule that hides number ${i}, which is only asked where ${i} is, too;
 * NULL: none.  in[] is the "if" around each rule, or the count. */
static const struct rule *
hidden_by(const struct cidr *c, const size_t *in, size_t i)
{
	size_t around;

	for (size_t k = 0; k < i; k++) {
		if (c->rules[k].kind != RULE ||
		    !covers(&c->rules[k].block, &c->rules[i].block))
			continue;
		for (around = in[i]; around != c->count && around != in[k];
		     around = in[around])
			;
		if (around == in[k])
			return &c->rules[k];
	}
	return NULL;
}

static void
review(void *state, void (*say)(void *arg, const char *text), void *arg)
{
	const struct cidr *c = state;
	struct arena *arena = arena_new();
	size_t *in = arena_alloc(arena, c->count * sizeof *in);
	size_t open = c->count;
	const struct rule *by;

	for (size_t i = 0; i < c->count; i++) {
		in[i] = open;
		if (c->rules[i].kind == IF) {
			open = i;
		} else if (c->rules[i].kind == ENDIF && open != c->count) {
			open = in[open];
		} else if (c->rules[i].kind == RULE &&
		    (by = hidden_by(c, in, i)) != NULL) {
			say(arg,
			    arena_printf(arena,
				"%s:%u: never found: line %u has all of its "
				"addresses",
				c->name, c->rules[i].line, by->line));
		}
	}
	arena_free(arena);
}

static void
lines(void *state, void (*fn)(void *arg, const char *file, unsigned line),
    void *arg)
{
	const struct cidr *c = state;

	for (size_t i = 0; i < c->count && ruletext_is_file(c->name); i++)
		if (c->rules[i].kind == RULE)
			fn(arg, c->name, c->rules[i].line);
}

const struct table_type table_cidr = {
	.name = "cidr",
	.flags = TABLE_WHOLE_KEY,
	.open = open_cidr,
	.find = find,
	.close = close_cidr,
	.changed = changed,
	.review = review,
	.lines = lines,
};

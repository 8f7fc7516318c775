/* rate_spec.c - see rate_spec.h. */
#include "checks/rate_spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/param.h"
#include "checks/action.h"
#include "checks/fact.h"
#include "checks/rate_rule.h"
#include "rules/braces.h"

static const char network[] = "client_network";
static const char preset[] = "DEFER_IF_PERMIT 4.7.1 Rate limit exceeded";

/* clang-format off */
static const struct unit {
	const char *name;
	enum rate_unit unit;
} units[] = {
	{ "messages",    RATE_MESSAGES },
	{ "recipients",  RATE_RECIPIENTS },
	{ "bytes",       RATE_BYTES },
	{ "connections", RATE_CONNECTIONS },
};

static const struct span {
	const char *name;
	int64_t seconds;
} spans[] = {
	{ "second", 1 },
	{ "minute", 60 },
	{ "hour",   3600 },
	{ "day",    86400 },
	{ "week",   604800 },
};
/* clang-format on */

/* What is being read. */
struct reading {
	struct rate_spec *spec;
	struct arena *arena;
	struct err *err;
	int64_t amount, burst, window; /* burst 0: as amount; milliseconds */
	bool at_once;
};

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *
trim(struct arena *arena, const char *text, size_t n)
{
	while (n > 0 && is_blank(*text))
		text++, n--;
	while (n > 0 && is_blank(text[n - 1]))
		n--;
	return arena_strndup(arena, text, n);
}

/* "200", "10M": at most 2^50. */
static bool
read_amount(const char *text, int64_t *value)
{
	static const char suffixes[] = "kmg";
	const char *suffix;
	char *end;
	long long n = strtoll(text, &end, 10), most = 1LL << 50;

	if (!isdigit((unsigned char)*text) || n < 1)
		return false;
	suffix = *end != '\0' ? strchr(suffixes, tolower((unsigned char)*end))
			      : NULL;
	for (const char *p = suffixes; suffix != NULL && p <= suffix; p++) {
		n = n > most ? most + 1 : n * 1024;
		end += p == suffix;
	}
	*value = n;
	return *end == '\0' && n <= most;
}

/* The next word, or one of "/" and "+"; NULL: the end. */
static const char *
next_word(struct arena *arena, const char **cursor)
{
	const char *start = *cursor;
	size_t n;

	while (is_blank(*start))
		start++;
	n = strcspn(start, "/+ \t\n\v\f\r");
	if (n == 0 && *start != '\0')
		n = 1;
	*cursor = start + n;
	return n > 0 ? arena_strndup(arena, start, n) : NULL;
}

static int
read_unit(struct reading *r, const char *word)
{
	for (size_t i = 0; word != NULL && i < sizeof units / sizeof units[0];
	     i++) {
		size_t n = strlen(units[i].name) - 1;

		/* Also "1 message". */
		if (strncasecmp(word, units[i].name, n) == 0 &&
		    (word[n] == '\0' || strcasecmp(word + n, "s") == 0)) {
			r->spec->unit = units[i].unit;
			r->spec->unit_name = units[i].name;
			return 0;
		}
	}
	err_set(r->err,
	    "need messages, recipients, bytes or connections, not \"%s\"",
	    word != NULL ? word : "");
	return -1;
}

static int
read_window(struct reading *r, const char *word)
{
	int64_t ns = 0;

	for (size_t i = 0; word != NULL && i < sizeof spans / sizeof spans[0];
	     i++)
		if (strcasecmp(word, spans[i].name) == 0)
			ns = spans[i].seconds * CLOCK_SECOND;
	if (word != NULL && ns == 0)
		(void)param_time(word, 's', &ns);
	r->window = ns / CLOCK_MS;
	if (ns >= CLOCK_SECOND && r->window <= INT64_C(366) * 86400 * 1000)
		return 0;
	err_set(r->err, "need a time, as 10m or hour, not \"%s\"",
	    word != NULL ? word : "");
	return -1;
}

static int
read_fact(struct reading *r, const char *word)
{
	struct rate_spec *spec = r->spec;
	const struct fact *fact = NULL;
	const char *suggestion;

	if (spec->nfacts == RATE_FACTS) {
		err_set(r->err, "more than %d facts", RATE_FACTS);
		return -1;
	}
	if (word != NULL && strcasecmp(word, network) != 0) {
		fact = fact_find(word, strlen(word));
		suggestion = fact_suggest(word);
		if (fact == NULL) {
			err_set(r->err, "unknown fact \"%s\"%s%s", word,
			    suggestion != NULL ? "; did you mean " : "",
			    suggestion != NULL ? suggestion : "");
			return -1;
		}
	}
	if (word == NULL || (fact != NULL && fact->type != FACT_TEXT)) {
		err_set(r->err, "what is counted for must be a text: \"%s\"",
		    word != NULL ? word : "");
		return -1;
	}
	spec->facts[spec->nfacts++] = fact;
	return 0;
}

/* "100 messages / hour per client_address + sender" */
static int
read_limit(struct reading *r, const char *text)
{
	const char *cursor = text, *word = next_word(r->arena, &cursor);

	if (word == NULL || !read_amount(word, &r->amount)) {
		err_set(r->err,
		    "need a limit, as 100 messages / hour per client_address, "
		    "not \"%s\"",
		    text);
		return -1;
	}
	if (read_unit(r, next_word(r->arena, &cursor)) != 0)
		return -1;
	word = next_word(r->arena, &cursor);
	if (word == NULL ||
	    (strcmp(word, "/") != 0 && strcasecmp(word, "per") != 0)) {
		err_set(r->err, "need / and a time behind \"%lld %s\"",
		    (long long)r->amount, r->spec->unit_name);
		return -1;
	}
	if (read_window(r, next_word(r->arena, &cursor)) != 0)
		return -1;
	word = next_word(r->arena, &cursor);
	if (word != NULL && strcasecmp(word, "per") != 0) {
		err_set(r->err, "need per and a fact, not \"%s\"", word);
		return -1;
	}
	while (word != NULL) {
		if (read_fact(r, next_word(r->arena, &cursor)) != 0)
			return -1;
		word = next_word(r->arena, &cursor);
		if (word != NULL && strcmp(word, "+") != 0) {
			err_set(
			    r->err, "need + between facts, not \"%s\"", word);
			return -1;
		}
	}
	return 0;
}

static bool
read_bits(const char *value, int64_t most, int64_t *bits)
{
	return read_amount(value, bits) && *bits <= most;
}

/* Actions that permit would open what follows in a list. */
static bool
read_action(struct reading *r, const char *value)
{
	if (braces_whole(value))
		value = braces_strip(r->arena, value, r->err);
	r->spec->action = value;
	return value[0] != '\0' && !action_permits(value);
}

/* One of two words. */
static bool
choose(const char *value, const char *no, const char *yes, bool *answer)
{
	*answer = strcasecmp(value, yes) == 0;
	return *answer || strcasecmp(value, no) == 0;
}

static bool
store(struct reading *r, const char *name, const char *value, bool *known)
{
	struct rate_spec *spec = r->spec;
	bool yes, good;

	*known = true;
	if (strcasecmp(name, "action") == 0)
		return read_action(r, value);
	if (strcasecmp(name, "burst") == 0)
		return read_amount(value, &r->burst);
	if (strcasecmp(name, "ipv4_prefix") == 0)
		return read_bits(value, 32, &spec->ipv4_prefix);
	if (strcasecmp(name, "ipv6_prefix") == 0)
		return read_bits(value, 128, &spec->ipv6_prefix);
	if (strcasecmp(name, "refill") == 0)
		return choose(value, "smooth", "window", &r->at_once);
	if (strcasecmp(name, "away") == 0) {
		good = choose(value, "dunno", "defer", &yes);
		spec->away = yes ? RATE_AWAY_DEFER : RATE_AWAY_DUNNO;
		return good;
	}
	*known = false;
	return false;
}

static int
read_setting(struct reading *r, const char *text)
{
	const char *equals = strchr(text, '='), *name, *value;
	bool known;

	if (equals == NULL) {
		err_set(r->err, "missing '=' in \"%s\"", text);
		return -1;
	}
	name = trim(r->arena, text, (size_t)(equals - text));
	value = trim(r->arena, equals + 1, strlen(equals + 1));
	if (store(r, name, value, &known))
		return 0;
	if (!known)
		err_set(r->err,
		    "unknown setting \"%s\": need burst, refill, away, "
		    "ipv4_prefix, ipv6_prefix or action",
		    name);
	else
		err_set(r->err, "bad value: %s = %s", name, value);
	return -1;
}

/* An action has commas of its own: it is the last setting. */
static size_t
setting_length(const char *text)
{
	static const char action[] = "action";
	const char *p = text + strspn(text, " \t\n\v\f\r");

	if (strncasecmp(p, action, strlen(action)) == 0)
		return strlen(text);
	return strcspn(text, ",");
}

static int
read_settings(struct reading *r, const char *text)
{
	size_t n = setting_length(text);
	int result = read_limit(r, trim(r->arena, text, n));

	while (result == 0 && text[n] != '\0') {
		text += n + 1;
		n = setting_length(text);
		result = read_setting(r, trim(r->arena, text, n));
	}
	return result;
}

static int64_t
divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static int
settle(struct reading *r)
{
	struct rate_spec *spec = r->spec;
	int64_t common = divisor(r->amount, r->window);

	must(r->amount > 0 && r->window > 0 && common > 0);

	if (r->at_once && r->burst != 0) {
		err_set(r->err, "burst has no meaning with refill = window");
		return -1;
	}
	spec->capacity = r->burst != 0 ? r->burst : r->amount;
	spec->rate = r->at_once ? 0 : r->amount / common;
	spec->period = r->at_once ? r->window : r->window / common;
	if (spec->capacity + 1 <= RATE_MOST / spec->period)
		return 0;
	err_set(r->err,
	    "so many in so long cannot be counted: take a rounder "
	    "number");
	return -1;
}

/* Who reads the state sees what it is of.  A limit that is changed begins
 * anew. */
static void
set_names(struct reading *r, const char *name)
{
	struct rate_spec *spec = r->spec;
	struct buf facts = { 0 };

	for (size_t i = 0; i < spec->nfacts; i++)
		buf_printf(&facts, "%s%s", i > 0 ? "+" : "",
		    spec->facts[i] != NULL ? spec->facts[i]->name : network);
	if (spec->nfacts == 0)
		buf_puts(&facts, "all");
	spec->name =
	    name != NULL ? name : arena_strdup(r->arena, buf_str(&facts));
	buf_free(&facts);
	spec->text =
	    arena_printf(r->arena, "%lld %s / %llds", (long long)r->amount,
		spec->unit_name, (long long)(r->window / 1000));
	spec->id = arena_printf(r->arena, "%s/%lld-%s/%llds", spec->name,
	    (long long)r->amount, spec->unit_name,
	    (long long)(r->window / 1000));
	if (r->burst != 0)
		spec->id = arena_printf(
		    r->arena, "%s/%lld", spec->id, (long long)r->burst);
	if (r->at_once)
		spec->id = arena_printf(r->arena, "%s/window", spec->id);
}

/* What stands in the braces, or is the value of a parameter. */
static const char *
find_text(
    const char *text, struct conf *conf, struct arena *arena, struct err *err)
{
	struct conf_value value;

	if (!braces_whole(text)) {
		if (!conf_find(conf, text, &value)) {
			err_set(err,
			    "no parameter of that name has a limit, and it is "
			    "not in { }");
			return NULL;
		}
		conf_used(conf, text);
		text = conf_get(conf, text, arena, err);
	}
	if (text == NULL || !braces_whole(text))
		return text;
	return braces_strip(arena, text, err);
}

const struct rate_spec *
rate_spec_parse(
    const char *text, struct conf *conf, struct arena *arena, struct err *err)
{
	struct rate_spec *spec = arena_alloc(arena, sizeof *spec);
	struct reading r = { .spec = spec, .arena = arena, .err = err };
	const char *name = braces_whole(text) ? NULL : text;

	text = find_text(text, conf, arena, err);
	if (text == NULL)
		return NULL;
	spec->ipv4_prefix = 24;
	spec->ipv6_prefix = 64;
	spec->action = preset;
	if (read_settings(&r, text) != 0 || settle(&r) != 0)
		return NULL;
	set_names(&r, name);
	return spec;
}

const char *
rate_spec_list(const struct rate_spec *spec)
{
	return action_is(spec->action) ? NULL : spec->action;
}

/* The number at ${text}, and what follows it and ${behind}; NULL: none. */
static const char *
read_number(const char *text, const char *behind, int64_t *value)
{
	char *end;

	*value = strtoll(text, &end, 10);
	if (end == text || *value < 1 ||
	    strncmp(end, behind, strlen(behind)) != 0)
		return NULL;
	return end + strlen(behind);
}

/* "name/amount-unit/seconds" and "s", and "/burst" or "/window", as set_names()
 * has it. */
int64_t
rate_spec_used(
    const char *key, const int64_t *number, int64_t now, int64_t *capacity)
{
	int64_t args[MEMORY_ARGS], amount, window, common;
	const char *p = strchr(key, '/');

	if (p == NULL || (p = read_number(p + 1, "-", &amount)) == NULL ||
	    (p = strchr(p, '/')) == NULL ||
	    (p = read_number(p + 1, "s", &window)) == NULL)
		return -1;
	window *= 1000;
	common = divisor(amount, window);
	must(common > 0);
	if (*p != '/' || read_number(p + 1, "", capacity) == NULL) {
		*capacity = amount;
		if (*p == '/')
			common = 0; /* window */
	}
	args[RATE_RATE] = common > 0 ? amount / common : 0;
	args[RATE_PERIOD] = common > 0 ? window / common : window;
	return rate_rule_used(number, args, now);
}

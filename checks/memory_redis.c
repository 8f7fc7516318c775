/* memory_redis.c - see memory_redis.h.
 *
 * A cell is the string "number number expires", which the server forgets on its
 * own.  Times are those of who asks: gateways need clocks that agree, and a test
 * may set its own. */
#include "checks/memory_redis.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/counters.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/redis.h"
#include "rules/redis_server.h"
#include "rules/table_settings.h"
#include "rules/types.h"

enum {
	TIMEOUT = 1, /* seconds */
	SHA1 = 20,
	MOST_REPLY = 200,
	MOST_LIST = 1 << 24,
	/* EVAL, script, number of keys, and the NULL. */
	MOST_WORDS = 3 + MEMORY_CELLS + 1 + MEMORY_ARGS + 1,
};

struct memory_redis {
	struct table_settings *settings;
	struct redis_server *server;
	const char *prefix;
};

/* What every rule's script begins with: now, arg[], cell[] (nil: not there),
 * keep(i, number, number, expires) and answer(...), for the end. */
static const char prelude[] =
    "local now = tonumber(ARGV[1])\n"
    "local arg, cell = {}, {}\n"
    "for i = 2, #ARGV do arg[i - 1] = tonumber(ARGV[i]) end\n"
    "for i = 1, #KEYS do\n"
    " local v = redis.call('GET', KEYS[i])\n"
    " if v then\n"
    "  local a, b, e = string.match(v, '^(%-?%d+) (%-?%d+) (%-?%d+)$')\n"
    "  if a and tonumber(e) > now then\n"
    "   cell[i] = { tonumber(a), tonumber(b) }\n"
    "  end\n"
    " end\n"
    "end\n"
    "local function keep(i, a, b, expires)\n"
    " redis.call('SET', KEYS[i], string.format('%.0f %.0f %.0f', a, b,\n"
    "  expires), 'PX', string.format('%.0f', math.max(1, expires - now)))\n"
    "end\n"
    "local function answer(a, b, c)\n"
    " return string.format('%.0f %.0f %.0f', a, b, c)\n"
    "end\n";

struct memory_redis *
memory_redis_open(const char *spec, struct conf *conf, struct err *err)
{
	static const char type[] = "redis:";
	struct table_opening opening = { .conf = conf };
	struct memory_redis *m;

	if (strncmp(spec, type, strlen(type)) != 0 ||
	    spec[strlen(type)] == '\0') {
		err_set(err,
		    "weir_memory_store: bad value \"%s\": redis:/path/file",
		    spec);
		return NULL;
	}
	m = calloc(1, sizeof *m);
	if (m == NULL)
		fatal("out of memory");
	opening.name = spec + strlen(type);
	m->settings = table_settings_open(&opening, err);
	if (m->settings != NULL) {
		m->prefix = table_settings_text(m->settings, "prefix", "weir:");
		m->server = redis_server_open(m->settings, TIMEOUT, err);
	}
	if (m->server != NULL)
		return m;
	err_add(err, "weir_memory_store");
	memory_redis_close(m);
	return NULL;
}

void
memory_redis_close(struct memory_redis *m)
{
	if (m == NULL)
		return;
	redis_server_close(m->server);
	table_settings_close(m->settings);
	free(m);
}

/* The name that the server gives a script. */
static const char *
digest_of(struct arena *arena, const char *script)
{
	unsigned char octets[EVP_MAX_MD_SIZE];
	char text[2 * SHA1 + 1] = "";
	unsigned n = 0;

	must(EVP_Digest(script, strlen(script), octets, &n, EVP_sha1(), NULL) ==
		1 &&
	    n == SHA1);
	for (size_t i = 0; i < SHA1; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", octets[i]);
	return arena_strdup(arena, text);
}

static void
put_words(const struct memory_redis *m, struct arena *arena,
    const struct memory_question *q, int64_t now, const char **words)
{
	*words++ = arena_printf(arena, "%zu", q->rule->cells);
	for (size_t i = 0; i < q->rule->cells; i++)
		*words++ = arena_printf(
		    arena, "%s%s:%s", m->prefix, q->rule->maps[i], q->keys[i]);
	*words++ = arena_printf(arena, "%lld", (long long)now);
	for (size_t i = 0; i < MEMORY_ARGS; i++)
		*words++ = arena_printf(arena, "%lld", (long long)q->args[i]);
	*words = NULL;
}

struct outcome {
	int64_t results[MEMORY_RESULTS];
	bool unknown; /* the server does not have the script */
	int64_t deadline;
};

static const char *
judge(void *arg, const struct redis_reply *reply)
{
	static const char unknown[] = "NOSCRIPT";
	struct outcome *o = arg;
	const char *p = reply->text;
	char *end;

	if (reply->kind == REDIS_REFUSED) {
		o->unknown = strncmp(p, unknown, strlen(unknown)) == 0;
		return o->unknown ? NULL : p;
	}
	if (reply->kind != REDIS_TEXT)
		return "unexpected reply";
	for (size_t i = 0; i < MEMORY_RESULTS; i++, p = end) {
		o->results[i] = strtoll(p, &end, 10);
		if (end == p)
			return "unexpected reply";
	}
	return NULL;
}

static struct counter answered = { .name = "memory on Redis: answers" },
		      failed = { .name = "memory on Redis: no answer" };

static int
ask(struct memory_redis *m, struct arena *arena, const char *const *words,
    struct outcome *outcome, const char **why)
{
	const struct redis_server_command command = { .words = words,
		.most = MOST_REPLY,
		.judge = judge,
		.arg = outcome,
		.deadline = outcome->deadline };
	struct err err = { "" };

	outcome->unknown = false;
	if (redis_server_ask(m->server, &command, arena, &err) == 0) {
		counters_add(&answered);
		return 0;
	}
	counters_add(&failed);
	*why = arena_strdup(arena, err.text);
	return -1;
}

int
memory_redis_decide(struct memory_redis *m, struct arena *arena,
    const struct memory_question *q, int64_t now,
    int64_t results[MEMORY_RESULTS], const char **why)
{
	const char *script =
	    arena_printf(arena, "%s%s", prelude, q->rule->script);
	const char *words[MOST_WORDS] = { "EVALSHA", digest_of(arena, script) };
	struct outcome outcome = { .deadline =
				       redis_server_deadline(m->server) };

	put_words(m, arena, q, now, words + 2);
	if (ask(m, arena, words, &outcome, why) != 0)
		return -1;
	if (outcome.unknown) {
		/* It was started since, or has never seen it. */
		words[0] = "EVAL";
		words[1] = script;
		if (ask(m, arena, words, &outcome, why) != 0)
			return -1;
	}
	memcpy(results, outcome.results, sizeof outcome.results);
	return 0;
}

/* A cursor, the names that it found, and their values: "cursor", then for each
 * the two lengths, and both. */
static const char scan[] =
    "local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT',\n"
    " 500)\n"
    "local out = { found[1] .. '\\n' }\n"
    "for _, key in ipairs(found[2]) do\n"
    " local v = redis.pcall('GET', key)\n"
    " if type(v) == 'string' then\n"
    "  out[#out + 1] = #key .. ' ' .. #v .. '\\n' .. key .. v\n"
    " end\n"
    "end\n"
    "return table.concat(out)\n";

struct text_reply {
	const char *text;
	size_t len;
};

static const char *
take_text(void *arg, const struct redis_reply *reply)
{
	struct text_reply *t = arg;

	if (reply->kind == REDIS_REFUSED)
		return reply->text;
	if (reply->kind != REDIS_TEXT && reply->kind != REDIS_NUMBER)
		return "unexpected reply";
	t->text = reply->text;
	t->len = reply->len;
	return NULL;
}

static int
ask_text(struct memory_redis *m, struct arena *arena, const char *const *words,
    struct text_reply *reply, struct err *err)
{
	const struct redis_server_command command = { .words = words,
		.most = MOST_LIST,
		.judge = take_text,
		.arg = reply,
		.deadline = redis_server_deadline(m->server) };

	return redis_server_ask(m->server, &command, arena, err);
}

/* What matches the names of ${map} and nothing else. */
static const char *
pattern_of(const struct memory_redis *m, struct arena *arena, const char *map)
{
	struct buf out = { 0 };
	const char *pattern;

	for (const char *p = m->prefix; *p != '\0'; p++) {
		if (strchr("*?[]^\\", *p) != NULL)
			buf_putc(&out, '\\');
		buf_putc(&out, *p);
	}
	buf_printf(&out, "%s:*", map);
	pattern = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return pattern;
}

/* "number number expires" */
static bool
read_value(const char *text, struct memory_entry *entry)
{
	int64_t *to[MEMORY_NUMBERS + 1] = { &entry->number[0],
		&entry->number[1], &entry->expires };
	char *end;

	for (size_t i = 0; i < MEMORY_NUMBERS + 1; i++, text = end) {
		*to[i] = strtoll(text, &end, 10);
		if (end == text)
			return false;
	}
	return *text == '\0';
}

/* One of the pairs; false: that is none. */
static bool
next_pair(const char **text, const char *end, const char **name,
    const char **value, struct arena *arena)
{
	const char *line = memchr(*text, '\n', (size_t)(end - *text));
	char *blank, *stop;
	unsigned long n, m;

	if (line == NULL)
		return false;
	n = strtoul(*text, &blank, 10);
	m = strtoul(blank, &stop, 10);
	line++;
	if (stop + 1 != line || n > (size_t)(end - line) ||
	    m > (size_t)(end - line) - n)
		return false;
	*name = arena_strndup(arena, line, n);
	*value = arena_strndup(arena, line + n, m);
	*text = line + n + m;
	return true;
}

int
memory_redis_each(struct memory_redis *m, const char *map,
    void (*fn)(void *arg, const struct memory_entry *entry), void *arg,
    struct err *err)
{
	struct arena *arena = arena_new(), *of_all = arena_new();
	const char *pattern = pattern_of(m, of_all, map), *cursor = "0";
	size_t skip = strlen(m->prefix) + strlen(map) + 1;
	struct text_reply reply = { NULL, 0 };
	int result;

	do {
		const char *words[] = { "EVAL", scan, "0", cursor, pattern,
			NULL };
		struct memory_entry entry = { .map = map };
		const char *p, *end, *name, *value;

		result = ask_text(m, arena, words, &reply, err);
		if (result != 0)
			break;
		end = reply.text + reply.len;
		p = memchr(reply.text, '\n', reply.len);
		cursor = p == NULL ? "0"
				   : arena_strndup(of_all, reply.text,
					 (size_t)(p - reply.text));
		if (p != NULL)
			p++;
		while (p != NULL && next_pair(&p, end, &name, &value, arena)) {
			entry.key = name + skip;
			if (strlen(name) > skip && read_value(value, &entry))
				fn(arg, &entry);
		}
		arena_reset(arena);
	} while (strcmp(cursor, "0") != 0);
	arena_free(arena);
	arena_free(of_all);
	return result;
}

int
memory_redis_forget(
    struct memory_redis *m, const char *map, const char *key, struct err *err)
{
	struct arena *arena = arena_new();
	const char *words[] = { "DEL",
		arena_printf(arena, "%s%s:%s", m->prefix, map, key), NULL };
	struct text_reply reply = { NULL, 0 };
	int result = ask_text(m, arena, words, &reply, err);

	if (result == 0)
		result = strcmp(reply.text, "1") == 0;
	arena_free(arena);
	return result;
}

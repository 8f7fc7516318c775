/* test_table.c - see test_table.h. */
#include "weir/test_table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/json_text.h"
#include "checks/site.h"
#include "rules/route.h"
#include "rules/types.h"
#include "rules/watch.h"
#include "weir/lookups.h"
#include "weir/message_keys.h"
#include "weir/table_kinds.h"
#include "weir/trial.h"

struct bench {
	struct trial trial;
	struct table_asking asking;
	const struct table_kind *kind;
	struct message_keys message;
	const char *spec;
	unsigned flags;
	struct lookups tried; /* of the question at hand */
	bool found, failed;
};

static const char *
text_of(const struct table_value *value)
{
	return value->text != NULL ? value->text : "";
}

static void
print_text(const struct bench *b, const char *key, enum table_status status,
    const struct table_value *value)
{
	(void)printf("%s\n", key);
	lookups_print(&b->tried, 2);
	if (b->tried.first == NULL && status == TABLE_NONE)
		(void)printf("  this table is not asked for it\n");
	/* What could not be asked may be another table, or an entry that is no
	 * answer. */
	if (status == TABLE_FAILED &&
	    (b->tried.last == NULL || b->tried.last->status != TABLE_FAILED))
		(void)printf("  could not ask: %s\n", text_of(value));
	if (b->asking.means != NULL)
		(void)printf("  -> %s\n", b->asking.means);
}

static void
print_json(const struct bench *b, const char *key, enum table_status status,
    const struct table_value *value)
{
	struct buf out = { 0 };

	buf_putc(&out, '{');
	json_text_member(&out, "table", table_spec(b->asking.list.tables[0]));
	json_text_member(&out, "as", b->kind->name);
	json_text_member(&out, "query", key);
	lookups_answer(status, value, &out);
	if (b->asking.means != NULL)
		json_text_member(&out, "means", b->asking.means);
	json_text_name(&out, "keys");
	lookups_json(&b->tried, &out);
	(void)printf("%s}\n", buf_str(&out));
	buf_free(&out);
}

static void
ask(struct bench *b, const char *key, bool only_found)
{
	struct table_value value = { 0 };
	enum table_status status;

	arena_reset(b->asking.arena);
	lookups_forget(&b->tried);
	b->asking.means = NULL;
	status = b->kind->ask(&b->asking, key, &value);
	b->found |= status == TABLE_FOUND;
	b->failed |= status == TABLE_FAILED;
	if (only_found && status == TABLE_NONE)
		return;
	if (b->trial.json)
		print_json(b, key, status, &value);
	else
		print_text(b, key, status, &value);
}

/* Of a message most lines are of no interest. */
static void
ask_piece(void *arg, const char *key)
{
	if (*key != '\0')
		ask(arg, key, true);
}

static void
ask_lines(struct bench *b)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (*line != '\0')
			ask(b, line, false);
	}
	free(line);
}

static int
ask_input(struct bench *b)
{
	struct err err = { "" };

	if (!b->message.headers && !b->message.body) {
		ask_lines(b);
		return EX_OK;
	}
	b->message.key = ask_piece;
	b->message.arg = b;
	if (message_keys_limits(&b->message, b->trial.conf, &err) != 0)
		return trial_fail(&b->trial, EX_CONFIG, "%s", err.text);
	message_keys_read(&b->message, stdin);
	return EX_OK;
}

/* The type of a table must be one that there is, and its file readable; what
 * else is wrong shows when it is asked. */
static int
open_table(struct bench *b)
{
	const struct trial *trial = &b->trial;
	const char *colon = strchr(b->spec, ':');
	struct arena *arena = arena_new();
	struct table *table;
	struct err err = { "" };
	int status = EX_OK;

	if (colon != NULL && strncmp(b->spec, "proxy:", 6) != 0 &&
	    types_find(arena_strndup(
		arena, b->spec, (size_t)(colon - b->spec))) == NULL)
		status = trial_fail(trial, EX_USAGE,
		    "unsupported dictionary type: %.*s", (int)(colon - b->spec),
		    b->spec);
	arena_free(arena);
	if (status != EX_OK)
		return status;
	/* What the configuration asks of the same table is not of interest. */
	table =
	    table_open_as(b->spec, trial->conf, b->flags | TABLE_APART, &err);
	b->asking.list.tables[0] = table;
	b->tried.only = table;
	if ((table_flags(table) & TABLE_SURROGATE) != 0)
		return trial_fail(
		    trial, EX_NOINPUT, "%s: %s", b->spec, err.text);
	if (err.text[0] != '\0')
		(void)fprintf(
		    stderr, "%s: warning: %s\n", trial->name, err.text);
	return EX_OK;
}

static int
ask_all(struct bench *b, char **keys)
{
	struct table_asking *a = &b->asking;
	struct table *table = NULL;
	struct err err = { "" };
	int status;

	a->conf = b->trial.conf;
	a->arena = b->tried.arena = arena_new();
	a->tried = &b->tried;
	a->list = (struct table_list){ &table, 1, b->spec };
	if (b->kind->of_site) {
		a->route = route_open(a->conf, &err);
		a->site = site_open(a->conf, a->route, &err);
	}
	a->world = watch_open(b->trial.world, lookups_told, &b->tried);
	if (err.text[0] != '\0')
		(void)fprintf(
		    stderr, "%s: warning: %s\n", b->trial.name, err.text);
	status = open_table(b);
	for (; status == EX_OK && *keys != NULL; keys++) {
		if (strcmp(*keys, "-") == 0)
			status = ask_input(b);
		else
			ask(b, *keys, false);
	}
	watch_close(a->world);
	table_close(table);
	site_close(a->site);
	route_close(a->route);
	arena_free(a->arena);
	if (status != EX_OK)
		return status;
	if (b->failed)
		return EX_TEMPFAIL;
	return b->found ? EX_OK : 1;
}

/* "-hm": several letters in one word. */
static bool
take_letters(struct bench *b, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		switch (*letters) {
		case 'b':
			b->message.body = true;
			break;
		case 'f':
			b->flags |= TABLE_KEEP_CASE;
			break;
		case 'h':
			b->message.headers = true;
			break;
		case 'j':
			b->trial.json = true;
			break;
		case 'm':
			b->message.mime = true;
			break;
		default:
			return false;
		}
	}
	return true;
}

static int
bad_kind(const struct bench *b, const char *word)
{
	(void)trial_fail(&b->trial, 0, "no kind \"%s\"; there are:", word);
	for (const struct table_kind *k = table_kinds_all(); k->name != NULL;
	     k++)
		(void)fprintf(stderr, "  %-12s%s\n", k->name, k->help);
	return EX_USAGE;
}

static int
take_options(struct bench *b, int argc, char **argv, int *next)
{
	int i, taken;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		taken = trial_option(&b->trial, argc, argv, &i);
		if (taken > 0)
			continue;
		if (taken == 0 && strcmp(argv[i], "--as") == 0 &&
		    i + 1 < argc) {
			b->kind = table_kinds_find(argv[++i]);
			if (b->kind == NULL)
				return bad_kind(b, argv[i]);
		} else if (taken < 0 || argv[i][1] == '-' ||
		    !take_letters(b, argv[i] + 1)) {
			return EX_USAGE;
		}
	}
	*next = i;
	if (argc - i < 2)
		return EX_USAGE;
	b->spec = argv[i];
	if (!b->message.headers && !b->message.body)
		return b->message.mime ? EX_USAGE : EX_OK;
	/* A message has no keys beside it. */
	if (strcmp(argv[i + 1], "-") != 0 || argc - i > 2)
		return EX_USAGE;
	b->flags |= TABLE_ANY_OCTETS;
	return EX_OK;
}

int
test_table(int argc, char **argv)
{
	struct bench b = { .trial = { .name = "weir test table", .bare = true },
		.kind = table_kinds_all() };
	int status, next = 0;

	trial_begin(&b.trial);
	status = take_options(&b, argc, argv, &next);
	if (status == EX_OK)
		status = trial_open(&b.trial);
	if (status == EX_OK)
		status = ask_all(&b, argv + next + 1);
	trial_close(&b.trial);
	return trial_end(&b.trial, status);
}

/* master.c - see master.h. */
#include "base/master.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/lines.h"

static const char blanks[] = " \t\r\n\v\f";

/* clang-format off */
static const struct {
	const char *name;
	enum master_type type;
} types[] = {
	{ "inet",       MASTER_INET },
	{ "unix",       MASTER_UNIX },
	{ "fifo",       MASTER_FIFO },
	{ "pass",       MASTER_PASS },
	{ "unix-dgram", MASTER_UNIX_DGRAM },
};
/* clang-format on */

/* The options and arguments of one service while they are gathered. */
struct words {
	struct master_option *options;
	size_t noptions;
	const char **args;
	size_t nargs;
};

struct reader {
	struct arena *arena;
	struct err *err;
	const char *p; /* in the logical line */
	struct master_service service;
	struct words words;
};

/* The next word; one with { } may contain blanks between them. */
static char *
next_word(struct reader *r)
{
	const char *start = r->p + strspn(r->p, blanks), *p;
	size_t level = 0;

	for (p = start; *p != '\0'; p++) {
		if (*p == '{')
			level++;
		else if (*p == '}' && level > 0)
			level--;
		else if (level == 0 && strchr(blanks, *p) != NULL)
			break;
	}
	r->p = p;
	return p > start ? arena_strndup(r->arena, start, (size_t)(p - start))
			 : NULL;
}

static int
refuse(struct reader *r, const char *what, const char *word)
{
	err_set(r->err, "%s:%u: %s: \"%.100s\"", r->service.origin.file,
	    r->service.origin.line, what, word);
	return -1;
}

/* The next column, or NULL and an error that names it. */
static char *
next_column(struct reader *r, const char *name)
{
	char *word = next_word(r);

	if (word == NULL)
		err_set(r->err, "%s:%u: no \"%s\" field",
		    r->service.origin.file, r->service.origin.line, name);
	return word;
}

static int
read_flag(struct reader *r, const char *name, const char **into)
{
	*into = next_column(r, name);
	if (*into == NULL)
		return -1;
	if (strlen(*into) == 1 && strchr("yn-", **into) != NULL)
		return 0;
	return refuse(r,
	    arena_printf(r->arena, "field \"%s\" must be y, n or -", name),
	    *into);
}

static int
read_type(struct reader *r)
{
	const char *word = next_column(r, "transport type");

	if (word == NULL)
		return -1;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i].name, word) == 0) {
			r->service.type = types[i].type;
			return 0;
		}
	}
	return refuse(r, "bad transport type", word);
}

static int
read_name(struct reader *r)
{
	const char *name = r->service.name, *port;

	if (r->service.type == MASTER_INET) {
		port = strrchr(name, ':');
		if (port != NULL && port[1] == '\0')
			return refuse(r, "no port in endpoint", name);
	} else if (strchr(name, '/') != NULL &&
	    (name[0] == '/' || strstr(name, "..") != NULL)) {
		return refuse(r, "bad endpoint name", name);
	}
	return 0;
}

/* Decimal digits, at most INT_MAX; -1: not that. */
static int
number(const char *text, size_t len)
{
	int value = 0;

	if (len == 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    value > (INT_MAX - 9) / 10)
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

static int
read_numbers(struct reader *r)
{
	const char *maxproc;
	size_t n;

	r->service.wakeup = next_column(r, "wakeup");
	if (r->service.wakeup == NULL)
		return -1;
	n = strlen(r->service.wakeup);
	if (n > 1 && r->service.wakeup[n - 1] == '?')
		n--;
	if (strcmp(r->service.wakeup, "-") != 0 &&
	    number(r->service.wakeup, n) < 0)
		return refuse(r, "bad wakeup field", r->service.wakeup);

	maxproc = next_column(r, "maxproc");
	if (maxproc == NULL)
		return -1;
	r->service.maxproc = number(maxproc, strlen(maxproc));
	if (strcmp(maxproc, "-") != 0 && r->service.maxproc < 0)
		return refuse(r, "bad maxproc field", maxproc);
	return 0;
}

/* "{ text }" becomes "text"; anything else stays. */
static int
unbrace(struct reader *r, char **word)
{
	char *p = *word;
	size_t n = strlen(p);

	if (*p != '{')
		return 0;
	if (n < 2 || p[n - 1] != '}')
		return refuse(r, "unbalanced {}", p);
	p[--n] = '\0';
	p++;
	n--;
	while (n > 0 && strchr(blanks, *p) != NULL)
		p++, n--;
	while (n > 0 && strchr(blanks, p[n - 1]) != NULL)
		p[--n] = '\0';
	*word = p;
	return 0;
}

/* The array ${old} of ${count} members, with room for one more.  Arenas keep
 * the smaller ones until they end, so it grows in steps of twice the size. */
static void *
room(struct arena *arena, void *old, size_t count, size_t size)
{
	void *new;

	if (old != NULL && (count & (count - 1)) != 0)
		return old;
	new = arena_alloc(arena, (count > 0 ? 2 * count : 1) * size);
	if (old != NULL)
		memcpy(new, old, count * size);
	return new;
}

static int
add_option(struct reader *r, char *word)
{
	struct words *w = &r->words;
	struct master_option *option;
	char *equals, *end;

	if (word == NULL)
		return refuse(r, "option -o without a value", "-o");
	if (unbrace(r, &word) != 0)
		return -1;
	equals = strchr(word, '=');
	if (equals == NULL)
		return refuse(r, "missing '=' after attribute name", word);
	for (end = equals; end > word && strchr(blanks, end[-1]) != NULL;)
		end--;
	if (end == word)
		return refuse(r, "missing attribute name", word);
	if (strcspn(word, blanks) < (size_t)(end - word))
		return refuse(r, "missing '=' after attribute name", word);
	w->options =
	    room(r->arena, w->options, w->noptions, sizeof *w->options);
	option = &w->options[w->noptions++];
	option->name = arena_strndup(r->arena, word, (size_t)(end - word));
	option->value = equals + 1 + strspn(equals + 1, blanks);
	option->origin = r->service.origin;
	return 0;
}

static void
add_arg(struct reader *r, const char *word)
{
	struct words *w = &r->words;

	w->args = room(r->arena, w->args, w->nargs, sizeof *w->args);
	w->args[w->nargs++] = word;
}

/* Options end at the first word that is none: what stands behind "argv=" of
 * a pipe is the business of the program that is run. */
static int
read_args(struct reader *r)
{
	char *word;
	bool options = true;

	while ((word = next_word(r)) != NULL) {
		if (options && strncmp(word, "-o", 2) == 0) {
			if (add_option(r,
				word[2] != '\0' ? word + 2 : next_word(r)) != 0)
				return -1;
		} else if (options && word[0] == '-' && word[1] == 'v' &&
		    word[strspn(word + 1, "v") + 1] == '\0') {
			r->service.verbose += (unsigned)strlen(word) - 1;
		} else if (options && strcmp(word, "-D") == 0) {
			r->service.debug = true;
		} else {
			if (unbrace(r, &word) != 0)
				return -1;
			options = options && word[0] == '-';
			add_arg(r, word);
		}
	}
	r->service.options = r->words.options;
	r->service.noptions = r->words.noptions;
	add_arg(r, NULL);
	r->service.args = r->words.args;
	return 0;
}

static int
read_service(struct reader *r)
{
	r->service.name = next_column(r, "service name");
	if (r->service.name == NULL || read_type(r) != 0 || read_name(r) != 0)
		return -1;
	if (read_flag(r, "private", &r->service.private) != 0 ||
	    read_flag(r, "unprivileged", &r->service.unpriv) != 0 ||
	    read_flag(r, "chroot", &r->service.chroot) != 0 ||
	    read_numbers(r) != 0)
		return -1;
	r->service.command = next_column(r, "command");
	if (r->service.command == NULL)
		return -1;
	if (strchr(r->service.command, '/') != NULL)
		return refuse(r, "a command has no path", r->service.command);
	return read_args(r);
}

const struct master_service *
master_find(
    const struct master *master, enum master_type type, const char *name)
{
	for (size_t i = 0; i < master->count; i++)
		if (master->services[i].type == type &&
		    strcmp(master->services[i].name, name) == 0)
			return &master->services[i];
	return NULL;
}

static int
read_lines(struct lines *lines, struct arena *arena, struct master *master,
    struct err *err)
{
	struct master_service *all = NULL;
	const struct master_service *same;
	struct buf line = { 0 };
	unsigned number = 0;
	int status = 0;

	*master = (struct master){ 0 };
	while (status == 0 && lines_next(lines, &line, &number)) {
		struct reader r = {
			.arena = arena, .err = err, .p = buf_str(&line)
		};

		r.service.origin =
		    (struct origin){ .file = lines->file, .line = number };
		status = read_service(&r);
		if (status != 0)
			break;
		same = master_find(master, r.service.type, r.service.name);
		if (same != NULL) {
			event_warning(NULL,
			    "%s, line %u: duplicate master.cf entry for "
			    "service \"%s\" (line %u) -- using the last entry",
			    lines->file, number, r.service.name,
			    same->origin.line);
			all[same - all] = r.service;
			continue;
		}
		all = room(arena, all, master->count, sizeof *all);
		all[master->count++] = r.service;
		master->services = all;
	}
	buf_free(&line);
	return status;
}

int
master_parse(const char *name, const char *text, struct arena *arena,
    struct master *master, struct err *err)
{
	struct lines lines = { .file = arena_strdup(arena, name),
		.p = text,
		.end = text + strlen(text) };

	return read_lines(&lines, arena, master, err);
}

int
master_read(const char *path, struct arena *arena, struct master *master,
    struct err *err)
{
	struct buf text = { 0 };
	int status;

	status = lines_load(path, &text, err);
	if (status == 0)
		status = master_parse(path, buf_str(&text), arena, master, err);
	buf_free(&text);
	return status;
}

struct conf *
master_view(const struct master_service *service, struct conf *conf)
{
	struct conf *view = conf_view(conf);

	conf_set(view, "service_name", service->name, service->origin);
	for (size_t i = 0; i < service->noptions; i++)
		conf_set(view, service->options[i].name,
		    service->options[i].value, service->options[i].origin);
	return view;
}

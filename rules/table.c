/* table.c - see table.h.  What all types of tables have in common: names,
 * sharing, surrogates, and taking up new content. */
#include "rules/table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/utf8.h"
#include "rules/fold.h"
#include "rules/stamp.h"
#include "rules/types.h"

/* The content of a table at one time; the last who uses it closes it. */
struct content {
	void *state;
	unsigned users; /* under the table's lock */
};

struct table {
	struct table *next;            /* in the list of shared ones */
	unsigned openings;             /* under the list's lock */
	char *identity;                /* what makes two tables the same */
	char *spec;                    /* "type:name" */
	const char *name;              /* behind the colon */
	const struct table_type *type; /* NULL: a surrogate, for ever */
	unsigned open_flags;
	_Atomic unsigned flags, bad;

	char *reason; /* of a surrogate */
	atomic_bool complained;

	pthread_mutex_t lock; /* the rest; types that never change need none */
	struct content *content; /* NULL: a surrogate */
	int64_t next_look;
	bool looking;
};

/* The tables that a thread is about to open, the innermost first: one whose
 * parameters name itself, or another one that does, has no end. */
struct being_opened {
	const struct being_opened *outer;
	const char *identity;
};

static _Thread_local const struct being_opened *being_opened;

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static struct table *shared;

static void *
allocate(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

static char *
copy(const char *text)
{
	char *p = strdup(text);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

static struct table *
new_table(const char *spec, unsigned open_flags)
{
	struct table *t = allocate(sizeof *t);
	const char *colon;

	t->spec = copy(spec);
	colon = strchr(t->spec, ':');
	t->name = colon != NULL ? colon + 1 : t->spec;
	t->open_flags = open_flags;
	t->openings = 1;
	(void)pthread_mutex_init(&t->lock, NULL);
	return t;
}

static void
free_table(struct table *t)
{
	if (t->content != NULL && t->type != NULL && t->type->close != NULL)
		t->type->close(t->content->state);
	free(t->content);
	(void)pthread_mutex_destroy(&t->lock);
	free(t->identity);
	free(t->spec);
	free(t->reason);
	free(t);
}

/* Open what ${t} names; NULL and the reason if that fails. */
static struct content *
open_content(struct table *t, struct conf *conf, struct err *err)
{
	struct table_opening opening = {
		.name = t->name, .conf = conf, .flags = t->open_flags
	};
	struct being_opened this = { being_opened, t->identity };
	struct content *content;
	void *state;

	for (const struct being_opened *b = being_opened; b != NULL;
	     b = b->outer)
		if (strcmp(b->identity, t->identity) == 0) {
			err_set(err, "table %s refers to itself", t->spec);
			return NULL;
		}
	being_opened = &this;
	state = t->type->open(&opening, err);
	being_opened = this.outer;
	if (state == NULL)
		return NULL;
	content = allocate(sizeof *content);
	content->state = state;
	content->users = 1;
	t->bad = opening.bad;
	return content;
}

/* What is read from a file may be there later: then its type stays. */
static void
make_surrogate(struct table *t, const struct err *why)
{
	if (t->type != NULL && t->type->changed == NULL)
		t->type = NULL;
	t->flags = (t->type != NULL ? t->type->flags : 0) | TABLE_SURROGATE;
	t->reason = copy(why->text);
}

static void
open_table(struct table *t, struct conf *conf, struct err *err)
{
	const char *colon = strchr(t->spec, ':');
	char *type = strndup(t->spec, (size_t)(colon - t->spec));

	if (type == NULL)
		fatal("out of memory");
	t->type = types_find(type);
	if (t->type == NULL) {
		err_set(err, "unsupported dictionary type: %s", type);
	} else if (*t->name == '\0') {
		err_set(err,
		    "open dictionary: expecting \"type:name\" form instead "
		    "of \"%s\"",
		    t->spec);
	} else {
		t->flags = t->type->flags;
		t->content = open_content(t, conf, err);
	}
	free(type);
	if (t->type == NULL || t->content == NULL)
		make_surrogate(t, err);
	else if (t->type->own_flags != NULL)
		t->flags |= t->type->own_flags(t->content->state);
}

/* The same file by two names is the same table. */
static char *
identity(const struct table *t)
{
	struct arena *arena = arena_new();
	char *real = *t->name == '/' ? realpath(t->name, NULL) : NULL, *out;

	out = copy(arena_printf(arena, "%u %.*s%s", t->open_flags,
	    (int)(t->name - t->spec), t->spec, real != NULL ? real : t->name));
	free(real);
	arena_free(arena);
	return out;
}

/* One that is open already, in the list of shared ones. */
static struct table *
find_shared(const char *wanted)
{
	for (struct table *t = shared; t != NULL; t = t->next)
		if (strcmp(t->identity, wanted) == 0)
			return t;
	return NULL;
}

/* ${t}, or the table that is open already and that somebody has put into the
 * list before us. */
static struct table *
share(struct table *t)
{
	struct table *other;

	(void)pthread_mutex_lock(&shared_lock);
	other = find_shared(t->identity);
	if (other != NULL) {
		other->openings++;
	} else if (t->content != NULL && (t->flags & TABLE_PRIVATE) == 0) {
		t->next = shared;
		shared = t;
	}
	(void)pthread_mutex_unlock(&shared_lock);
	if (other == NULL)
		return t;
	free_table(t);
	return other;
}

static unsigned
default_flags(struct conf *conf, struct arena *arena)
{
	const char *utf8 = conf == NULL
	    ? NULL
	    : conf_get(conf, "smtputf8_enable", arena, NULL);

	return utf8 != NULL && strcmp(utf8, "no") == 0 ? TABLE_ANY_OCTETS : 0;
}

/* "name" is "type:name" of the default type. */
static const char *
full_spec(const char *spec, struct conf *conf, struct arena *arena)
{
	static const char proxy[] = "proxy:";
	const char *type = NULL;

	/* Who asks through a process of its own in Postfix, asks directly. */
	while (strncmp(spec, proxy, strlen(proxy)) == 0)
		spec += strlen(proxy);
	if (strchr(spec, ':') != NULL)
		return spec;
	if (conf != NULL)
		type = conf_get(conf, "default_database_type", arena, NULL);
	if (type == NULL || *type == '\0')
		type = "hash";
	return arena_printf(arena, "%s:%s", type, spec);
}

struct table *
table_open_as(
    const char *spec, struct conf *conf, unsigned flags, struct err *err)
{
	struct arena *arena = arena_new();
	struct err own = { "" };
	struct table *t, *other;

	flags |= default_flags(conf, arena);
	t = new_table(full_spec(spec, conf, arena), flags);
	arena_free(arena);
	t->identity = identity(t);
	(void)pthread_mutex_lock(&shared_lock);
	other = find_shared(t->identity);
	if (other != NULL)
		other->openings++;
	(void)pthread_mutex_unlock(&shared_lock);
	if (other != NULL) {
		free_table(t);
		return other;
	}
	/* Without the lock: reading may take long, and a table may have
	 * members. */
	open_table(t, conf, &own);
	if (own.text[0] != '\0')
		err_set(err, "%s", own.text);
	return share(t);
}

struct table *
table_open(const char *spec, struct conf *conf, struct err *err)
{
	return table_open_as(spec, conf, 0, err);
}

void
table_close(struct table *table)
{
	struct table **link;
	bool last;

	if (table == NULL)
		return;
	(void)pthread_mutex_lock(&shared_lock);
	last = --table->openings == 0;
	for (link = &shared; last && *link != NULL; link = &(*link)->next)
		if (*link == table) {
			*link = table->next;
			break;
		}
	(void)pthread_mutex_unlock(&shared_lock);
	if (last)
		free_table(table);
}

unsigned
table_flags(const struct table *table)
{
	return table->flags;
}

const char *
table_spec(const struct table *table)
{
	return table->spec;
}

unsigned
table_bad_lines(const struct table *table)
{
	return table->bad;
}

/* Take the current content for a look-up, if there is any; *look: and see
 * whether it is still current, which nobody else does now. */
static struct content *
take(struct table *t, bool *look)
{
	struct content *content;
	int64_t now = clock_mono();

	(void)pthread_mutex_lock(&t->lock);
	content = t->content;
	if (content != NULL)
		content->users++;
	*look = !t->looking &&
	    (now >= t->next_look || (content != NULL && t->type->at_once));
	if (*look) {
		t->looking = true;
		t->next_look = now + CLOCK_SECOND;
	}
	(void)pthread_mutex_unlock(&t->lock);
	return content;
}

static void
give_back(struct table *t, struct content *content)
{
	bool last;

	if (content == NULL)
		return;
	(void)pthread_mutex_lock(&t->lock);
	last = --content->users == 0;
	(void)pthread_mutex_unlock(&t->lock);
	if (last) {
		t->type->close(content->state);
		free(content);
	}
}

/* The content that the table should have now; NULL: what it has. */
static struct content *
new_content(struct table *t, struct content *old)
{
	struct content *content;
	struct err err = { "" };

	if (old != NULL ? !t->type->changed(old->state) : stamp_fresh(t->name))
		return NULL;
	content = open_content(t, NULL, &err);
	if (content == NULL && old != NULL)
		event_warning(NULL,
		    "%s: its new content cannot be read, the old one "
		    "stays: %s",
		    t->spec, err.text);
	if (content != NULL && old == NULL) {
		t->flags &= ~(unsigned)TABLE_SURROGATE;
		event_info(NULL, "%s is available now", t->spec);
	}
	return content;
}

/* Take up new content, if there is any. */
static struct content *
refresh(struct table *t, struct content *old)
{
	struct content *content = new_content(t, old);

	(void)pthread_mutex_lock(&t->lock);
	t->looking = false;
	if (content != NULL) {
		if (old != NULL)
			old->users--; /* the table's; ours goes below */
		t->content = content;
		content->users++;
	}
	(void)pthread_mutex_unlock(&t->lock);
	if (content == NULL)
		return old;
	give_back(t, old);
	return content;
}

static enum table_status
ask_surrogate(struct table *t, struct arena *arena, struct table_value *value)
{
	if (!atomic_exchange(&t->complained, true))
		event_warning(
		    NULL, "%s is unavailable. %s", t->spec, t->reason);
	value->text = arena_strdup(arena, t->reason);
	return TABLE_FAILED;
}

static enum table_status
find_in_content(struct table *t, struct arena *arena, const char *key,
    struct table_value *value)
{
	enum table_status status;
	struct content *content;
	bool look;

	if (t->type->changed == NULL)
		return t->type->find(t->content->state, arena, key, value);
	content = take(t, &look);
	if (look)
		content = refresh(t, content);
	if (content == NULL)
		return ask_surrogate(t, arena, value);
	status = t->type->find(content->state, arena, key, value);
	give_back(t, content);
	return status;
}

enum table_status
table_find(struct table *table, struct arena *arena, const char *key,
    struct table_value *value)
{
	static const char malformed[] = "malformed UTF-8 or invalid codepoint";
	const char *asked = key;
	enum table_status status;
	bool utf8;

	*value = (struct table_value){ NULL, NULL, 0 };
	if (table->type == NULL)
		return ask_surrogate(table, arena, value);
	if (*key == '\0')
		return TABLE_NONE;
	utf8 = ((table->flags & TABLE_FOLDS) != 0 ||
		   (table->open_flags & TABLE_UTF8) != 0) &&
	    (table->open_flags & TABLE_ANY_OCTETS) == 0;
	if (utf8 && !utf8_valid(key)) {
		event_warning(NULL, "%s: non-UTF-8 key \"%s\": %s", table->spec,
		    key, malformed);
		return TABLE_NONE;
	}
	if ((table->flags & TABLE_FOLDS) != 0 &&
	    (table->open_flags & TABLE_KEEP_CASE) == 0)
		asked = fold_key(arena, key);
	status = find_in_content(table, arena, asked, value);
	if (status == TABLE_FOUND && utf8 && !utf8_valid(value->text)) {
		event_warning(NULL,
		    "%s: key \"%s\": non-UTF-8 value \"%s\": %s", table->spec,
		    key, value->text, malformed);
		value->text = malformed;
		return TABLE_FAILED;
	}
	return status;
}

enum table_hint
table_hint(struct table *table, const char *text, size_t len)
{
	enum table_hint hint = TABLE_UNKNOWN;
	struct content *content;
	bool look;

	/* A key that is no UTF-8 is worth a warning where it has to be. */
	if (table->type == NULL || table->type->hint == NULL ||
	    (table->open_flags & (TABLE_UTF8 | TABLE_ANY_OCTETS)) == TABLE_UTF8)
		return hint;
	content = take(table, &look);
	if (look)
		content = refresh(table, content);
	if (content != NULL)
		hint = table->type->hint(content->state, text, len);
	give_back(table, content);
	return hint;
}

int
table_each(struct table *table,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	struct content *content;
	bool look;
	int result;

	if (table->type == NULL) {
		err_set(err, "%s", table->reason);
		return -1;
	}
	if (table->type->each == NULL) {
		err_set(err, "table %s: sequence operation is not supported",
		    table->spec);
		return -1;
	}
	if (table->type->changed == NULL)
		return table->type->each(table->content->state, fn, arg, err);
	content = take(table, &look);
	if (look)
		content = refresh(table, content);
	if (content == NULL) {
		err_set(err, "%s", table->reason);
		return -1;
	}
	result = table->type->each(content->state, fn, arg, err);
	give_back(table, content);
	return result;
}

void
table_review(
    struct table *table, void (*say)(void *arg, const char *text), void *arg)
{
	if (table->type != NULL && table->type->review != NULL &&
	    table->content != NULL)
		table->type->review(table->content->state, say, arg);
}

/* Where the lines of a file that is a list of pairs go. */
struct telling {
	const char *file;
	void (*fn)(void *arg, const char *file, unsigned line);
	void *arg;
};

static void
tell_line(void *arg, const char *key, const char *value, unsigned line)
{
	const struct telling *t = arg;

	(void)key;
	(void)value;
	if (line > 0)
		t->fn(t->arg, t->file, line);
}

bool
table_lines(struct table *table,
    void (*fn)(void *arg, const char *file, unsigned line), void *arg)
{
	struct telling telling = { table->name, fn, arg };

	if (table->type == NULL || table->content == NULL)
		return false;
	if (table->type->lines != NULL) {
		table->type->lines(table->content->state, fn, arg);
		return true;
	}
	return table->type->each != NULL &&
	    table->type->each(
		table->content->state, tell_line, &telling, NULL) == 0;
}

void
table_examples(struct table *table,
    void (*fn)(void *arg, const char *key, const char *value), void *arg)
{
	if (table->type != NULL && table->type->examples != NULL &&
	    table->content != NULL)
		table->type->examples(table->content->state, fn, arg);
}

const struct table_type *const *
table_types(void)
{
	return types_all;
}

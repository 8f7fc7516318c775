/* conf.h - one generation of main.cf (postconf(5) syntax). */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct err;
struct param_table;

/* Where a text was written.  file is NULL for a built-in default. */
struct origin {
	const char *file;
	unsigned line;
};

struct conf_value {
	const char *text; /* as written, continuation lines joined */
	struct origin origin;
};

/*
 * A generation of configuration, or a view of one with some values replaced
 * (the -o options of a service).  Immutable once read, so that any thread may
 * read it; conf_used() marks are atomic.
 */
struct conf;

/*
 * conf_read(dir, tables, err):
 * Read ${dir}/main.cf on top of the defaults in ${tables} (ended by NULL).
 * NULL and "file:line: why" in ${err} if it cannot be read or is malformed.
 * Frees with conf_free(), after all views of it.
 * conf_parse() does the same with ${text} (may be NULL: defaults only), which
 * is said to come from ${name}.
 */
struct conf *conf_read(
    const char *dir, const struct param_table *const *tables, struct err *err);
/* conf_read_text(): the same, but ${text} is what ${dir}/main.cf says. */
struct conf *conf_read_text(const char *dir, const struct buf *text,
    const struct param_table *const *tables, struct err *err);
struct conf *conf_parse(const char *name, const char *text,
    const struct param_table *const *tables, struct err *err);
void conf_free(struct conf *conf);

/* conf_view(conf): a view, to be changed with conf_set() before it is used.
 * The values set are copied. */
struct conf *conf_view(struct conf *conf);
void conf_set(struct conf *view, const char *name, const char *text,
    struct origin origin);

/*
 * conf_attach(conf, name, text): ${text}, which is copied, is what the file
 * says that the value of ${name} names: read once for all that use ${conf},
 * some of whom cannot open it.  Before ${conf} is used.
 * conf_attached(conf, name): it, or NULL.
 */
void conf_attach(struct conf *conf, const char *name, const char *text);
const char *conf_attached(const struct conf *conf, const char *name);

/* conf_blame(conf, name, err): put the place where ${name} is set, if it is,
 * before a reason in ${err}, if there is one. */
void conf_blame(const struct conf *conf, const char *name, struct err *err);

/* conf_find(conf, name, value): the unexpanded value of ${name}, set or by
 * default; false if nobody defines it. */
bool
conf_find(const struct conf *conf, const char *name, struct conf_value *value);

/* conf_is_set(conf, name): main.cf or a view says something about it. */
bool conf_is_set(const struct conf *conf, const char *name);

/* conf_is_builtin(conf, name): there is such a parameter, ours or one of
 * Postfix's, whatever main.cf says. */
bool conf_is_builtin(const struct conf *conf, const char *name);

/*
 * conf_get(conf, name, arena, err):
 * The value of ${name} with $name, ${name}, ${name?x}, ${name:x},
 * ${name?{x}:{y}} and ${{a} op {b}?{x}:{y}} expanded, in ${arena}; "" if nobody
 * defines it.  NULL and the reason in ${err} for bad syntax or recursion.
 */
const char *conf_get(
    struct conf *conf, const char *name, struct arena *arena, struct err *err);

/* conf_expand(conf, text, arena, err): the same for a text. */
const char *conf_expand(
    struct conf *conf, const char *text, struct arena *arena, struct err *err);

/* conf_used(conf, name): somebody outside the tables asks for ${name} (a
 * restriction class, a transport's own limit), so it is not unknown. */
void conf_used(struct conf *conf, const char *name);

/* What is known about a name that main.cf sets. */
enum conf_known {
	CONF_UNKNOWN, /* nothing: a slip of the pen? */
	CONF_KNOWN,   /* a table has it, it was used, or a value refers to it */
	CONF_UNUSED,  /* one of Postfix's that has no effect here */
};

/* conf_each(conf, fn, arg): call ${fn} for each name that main.cf sets, in
 * order. */
void conf_each(struct conf *conf,
    void (*fn)(void *arg, const char *name, const struct conf_value *value,
	enum conf_known known),
    void *arg);

/* conf_suggest(conf, name): the known name most like ${name}, or NULL. */
const char *conf_suggest(struct conf *conf, const char *name);

/*
 * conf_word(cursor, arena):
 * The next element of a list separated by commas and white space, in ${arena};
 * what stands in { } is one piece, with its braces ("inline:{a=b, c=d}").  NULL
 * at the end.  Sets *cursor behind it.
 */
char *conf_word(const char **cursor, struct arena *arena);

/* conf_word_between(): the same with other separators. */
char *conf_word_between(
    const char **cursor, const char *separators, struct arena *arena);

/* conf_dir(conf): the directory it was read from. */
const char *conf_dir(const struct conf *conf);

#endif

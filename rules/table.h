/* table.h - lookup tables, "type:name" (postconf(5), DATABASE_README). */
#ifndef RULES_TABLE_H
#define RULES_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/table_list.h"

struct arena;
struct conf;
struct err;
struct table;
struct table_type;

enum table_status {
	TABLE_FOUND,
	TABLE_NONE,   /* asked, and it is not there */
	TABLE_FAILED, /* could not ask: never the same as not there */
};

struct table_value {
	const char *text;
	const char *file; /* where it was written; NULL: not known */
	unsigned line;    /* 0: not known */
};

/*
 * table_open(spec, conf, err):
 * Open "type:name" ("name" alone: $default_database_type).  Never NULL: a table
 * that cannot be opened becomes a surrogate, whose look-ups answer
 * TABLE_FAILED, and the reason stands in ${err} (empty if all is well) and is
 * logged at the first look-up.  If it is read from a file, it is tried again, at
 * most once a second, when it is asked: mail that was deferred goes on when the
 * file is there.  Bad lines are skipped with Postfix's warning,
 * logged here, and counted (table_bad_lines()).  Tables are shared per process
 * by type and file; close each with table_close().
 * ${conf} gives parameters (default_database_type, smtputf8_enable); NULL: the
 * defaults.  table_open_as() does so with the flags below.
 *
 * A table that is read from a file takes up its new content without being
 * opened again: a look-up looks, at most once a second (always for class:),
 * whether the file has changed.  If the new content cannot be read, the old one stays and a warning
 * says so.
 */
struct table *table_open(const char *spec, struct conf *conf, struct err *err);
enum {
	TABLE_KEEP_CASE = 1,  /* postmap -f: keys are not folded */
	TABLE_ANY_OCTETS = 2, /* postmap -u: keys and values are not UTF-8 */
	TABLE_UTF8 = 4,       /* they are in tables of patterns, too */
	TABLE_APART = 8,      /* not shared with those opened without it */
};
struct table *table_open_as(
    const char *spec, struct conf *conf, unsigned flags, struct err *err);
void table_close(struct table *table);

/* What a caller must know of a table.  pipemap and unionmap have the first
 * member's TABLE_WHOLE_KEY, as in Postfix, and block if one member does. */
enum {
	TABLE_WHOLE_KEY = 1, /* a pattern, cidr ...: asked once with the whole
			      * key, no partial keys */
	TABLE_MAY_BLOCK = 2, /* not to be asked by a loop */
	TABLE_SURROGATE = 4,
	TABLE_FOLDS = 8,    /* keys are folded, keys and values are UTF-8 */
	TABLE_PRIVATE = 16, /* not shared between openings */
};
unsigned table_flags(const struct table *table);
const char *table_spec(const struct table *table);
unsigned table_bad_lines(const struct table *table);

/*
 * table_find(table, arena, key, value):
 * Look up ${key} (folded as the type demands); what is found lives in
 * ${arena}.  May block, with the type's own deadline, if TABLE_MAY_BLOCK.
 * Any thread.  An empty key is not there.  For the reason of TABLE_FAILED see
 * value->text.
 */
enum table_status table_find(struct table *table, struct arena *arena,
    const char *key, struct table_value *value);

/* What is known of many texts before a table is asked for one of them. */
enum table_hint {
	TABLE_UNKNOWN, /* nothing, whatever the texts are */
	TABLE_PERHAPS, /* one or another may be there */
	TABLE_SILENT,  /* none is: it need not be asked */
};

/* table_hint(table, text, len): of the lines of ${text}, ended by "\n", the last
 * one or not, without NUL.  One look at many lines costs what a look-up of one
 * does.  Never blocks. */
enum table_hint table_hint(struct table *table, const char *text, size_t len);

/* table_each(table, fn, arg, err): call ${fn} for each pair.  -1 and the
 * reason: not this type, or it could not be read to its end. */
int table_each(struct table *table,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err);

/* table_review(table, say, arg): call say(arg, "file:line: ...") for each entry
 * that is never found because of others before it.  While no other thread uses
 * the table. */
void table_review(
    struct table *table, void (*say)(void *arg, const char *text), void *arg);

/* table_lines(table, fn, arg): call ${fn} for each line that an answer can come
 * from, as a look-up names it; false: not known of this table.  While no other
 * thread uses it. */
bool table_lines(struct table *table,
    void (*fn)(void *arg, const char *file, unsigned line), void *arg);

/* table_examples(table, fn, arg): call ${fn} with keys that a table of patterns
 * is likely to have, made up from its rules, and with the value of the rule; of
 * other tables there are none.  While no other thread uses the table. */
void table_examples(struct table *table,
    void (*fn)(void *arg, const char *key, const char *value), void *arg);

/* table_types(): all types (rules/types.h), ended by NULL. */
const struct table_type *const *table_types(void);

#endif

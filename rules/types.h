/* types.h - the kinds of tables there are: for those who make one. */
#ifndef RULES_TYPES_H
#define RULES_TYPES_H

#include <stdbool.h>

#include "rules/table.h"

/* What a type is told when it opens a table. */
struct table_opening {
	const char *name; /* what stands behind "type:" */
	struct conf *conf;
	unsigned flags; /* TABLE_KEEP_CASE ... */
	unsigned bad;   /* to be set: lines skipped */
};

/* What messages of postmap(1) call a table: "path.widx", "lmdb:path" or "path",
 * as those of Postfix do. */
enum table_spoken { TABLE_AS_FILE, TABLE_AS_SPEC, TABLE_AS_TEXT };

/* How postmap(1) writes a table.  All return -1 and a reason if they fail. */
struct table_writer {
	/* Begin to replace the table of the text file ${path}, or if not
	 * ${fresh} to change it; NULL: cannot. */
	void *(*begin)(
	    const char *path, bool fresh, unsigned mode, struct err *err);
	/* 1: there is an entry with this key (which is kept, unless
	 * ${replace}). */
	int (*put)(void *writer, const char *key, const char *value,
	    unsigned line, bool replace, struct err *err);
	/* 1: there was no entry. */
	int (*drop)(void *writer, const char *key, struct err *err);
	/* Make it so, or forget it; either way ${writer} is gone. */
	int (*commit)(void *writer, struct err *err);
	void (*abort)(void *writer);
	const char *suffix; /* of the file: ".lmdb" */
	enum table_spoken spoken;
};

/* One kind of table: one struct and one row of types_all. */
struct table_type {
	const char *name;
	unsigned flags;
	/* NULL and ${err}: cannot. */
	void *(*open)(struct table_opening *opening, struct err *err);
	/* Any number of threads.  value->file is set where it is known. */
	enum table_status (*find)(void *state, struct arena *arena,
	    const char *key, struct table_value *value);
	/* For table_hint(); NULL: nothing is known.  For types that have
	 * changed() only. */
	enum table_hint (*hint)(void *state, const char *text, size_t len);
	void (*close)(void *state);
	/* Has what ${state} was read from been replaced?  One thread at a
	 * time, at most once a second unless ${at_once}.  NULL: never. */
	bool (*changed)(void *state);
	/* It is asked before each look-up, not once a second. */
	bool at_once;
	/* The flags of this table where they depend on more than the type. */
	unsigned (*own_flags)(void *state);
	/* For postmap -s: call ${fn} for each pair; NULL: cannot be listed. */
	int (*each)(void *state,
	    void (*fn)(
		void *arg, const char *key, const char *value, unsigned line),
	    void *arg, struct err *err);
	const struct table_writer *writer; /* NULL: postmap cannot make it */
	/* Tell of entries that are never found because of others before them;
	 * NULL: there cannot be such. */
	void (*review)(
	    void *state, void (*say)(void *arg, const char *text), void *arg);
	/* For table_lines(); NULL: those that each() has, in the file that
	 * the table is named after. */
	void (*lines)(void *state,
	    void (*fn)(void *arg, const char *file, unsigned line), void *arg);
	/* Call ${fn} with keys that are likely to be found, and what is found
	 * then, but for what comes from the key; NULL: see each. */
	void (*examples)(void *state,
	    void (*fn)(void *arg, const char *key, const char *value),
	    void *arg);
};

/* The registry, in alphabetical order, ended by NULL. */
extern const struct table_type *const types_all[];

/* types_find(name): in the registry; NULL: none. */
const struct table_type *types_find(const char *name);

#endif

/* writer.h - what the writers of tables have in common: the new content is
 * gathered in memory and replaces the file as a whole. */
#ifndef RULES_WRITER_H
#define RULES_WRITER_H

#include <stdbool.h>

struct err;
struct index_draft;

struct writer {
	struct index_draft *draft;
	char *path; /* the file to be replaced */
	unsigned mode;
	int lock; /* that file, locked; -1: there is none */
};

/* writer_path(source, suffix): the file of a text file; to be freed. */
char *writer_path(const char *source, const char *suffix)
    __attribute__((returns_nonnull));

/*
 * writer_begin(path, fresh, mode, load, err):
 * Lock the file ${path} (which the writer then owns; waits for other
 * writers) and, if it exists and not ${fresh}, have ${load} read it.  NULL and
 * the reason in ${err}.
 */
struct writer *writer_begin(char *path, bool fresh, unsigned mode,
    int (*load)(const char *path, struct index_draft *draft, struct err *err),
    struct err *err);

/* As in struct table_writer. */
int writer_put(void *state, const char *key, const char *value, unsigned line,
    bool replace, struct err *err);
int writer_drop(void *state, const char *key, struct err *err);
void writer_abort(void *state);

#endif

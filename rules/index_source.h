/* index_source.h - from the text of a table to its index. */
#ifndef RULES_INDEX_SOURCE_H
#define RULES_INDEX_SOURCE_H

struct err;
struct index_draft;

/*
 * index_source_read(draft, path, name, pairs_flags, table_flags, err):
 * Add what the text file ${path} holds (pairs.h) to ${draft}, keys folded
 * unless TABLE_KEEP_CASE.  The first of several pairs with one key stays; a
 * warning says so: "${name}: duplicate entry" or, if ${name} is NULL, with the
 * line.  How many lines are bad, or -1.
 */
int
index_source_read(struct index_draft *draft, const char *path, const char *name,
    unsigned pairs_flags, unsigned table_flags, struct err *err);

#endif

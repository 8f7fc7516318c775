/* maildrop.h - a directory that anyone may put letters into, for when the mail
 * system is down.  A file's owner is its sender. */
#ifndef WEIR_MAILDROP_H
#define WEIR_MAILDROP_H

#include <stdbool.h>

struct err;
struct generation;
struct letter;

/* maildrop_path(g): the directory.  maildrop_service(g): the socket of the
 * service that takes letters, or NULL: master.cf has none. */
const char *maildrop_path(const struct generation *g);
const char *maildrop_service(const struct generation *g);

/* maildrop_seconds(g): how often the directory is looked at; 0: never. */
long maildrop_seconds(const struct generation *g);

/* maildrop_put(directory, letter, err): keep it there, on the disk.  -1 and
 * why. */
int maildrop_put(
    const char *directory, const struct letter *letter, struct err *err);

#endif

/* replacement.h - a file that takes the place of another, whole, by rename. */
#ifndef RULES_REPLACEMENT_H
#define RULES_REPLACEMENT_H

#include <stddef.h>

struct err;

struct replacement {
	int fd;       /* to be written to; or have ${beside} written to */
	char *beside; /* its name until it is in place */
	char *path;
};

/*
 * replacement_begin(r, path, mode, err):
 * Make an empty file beside ${path}, with the owner, group and mode of the
 * one that it will replace or, if there is none, ${mode}.  -1 and the reason.
 * End with one of the two below.
 */
int replacement_begin(
    struct replacement *r, const char *path, unsigned mode, struct err *err);

/* replacement_write(r, data, n, err): append; -1 and the reason. */
int replacement_write(
    struct replacement *r, const void *data, size_t n, struct err *err);

/* replacement_commit(r, err): make it durable and put it in place.  -1 and the
 * reason: all is as it was. */
int replacement_commit(struct replacement *r, struct err *err);
void replacement_abort(struct replacement *r);

#endif

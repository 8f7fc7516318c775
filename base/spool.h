/* spool.h - octets that are kept until they are read again: the first of them
 * in memory, what is more in a file without a name. */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct spool;

/* spool_new(directory): empty; a file is made in ${directory}, which must
 * outlive it, when there is more than 256 KiB. */
struct spool *spool_new(const char *directory) __attribute__((returns_nonnull));

/* spool_free(s): forget it all; NULL is allowed. */
void spool_free(struct spool *s);

/* spool_put(s, data, n, err): append.  -1 and the reason: it could not be
 * written, and what ${s} holds is of no use any more.  May block on the disk,
 * as does spool_get(). */
int spool_put(struct spool *s, const void *data, size_t n, struct err *err);

/* spool_get(s, at, data, n, err): up to ${n} octets from octet ${at} on; how
 * many, 0 at the end.  -1 and the reason. */
ssize_t spool_get(
    const struct spool *s, uint64_t at, void *data, size_t n, struct err *err);

/* spool_size(s): octets in it. */
uint64_t spool_size(const struct spool *s);

#endif

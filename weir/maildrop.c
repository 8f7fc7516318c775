/* maildrop.c - see maildrop.h. */
#include "weir/maildrop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/master.h"
#include "weir/generation.h"
#include "weir/letter.h"

enum { PATH_LENGTH = 4096, TRIES = 100 };

const char *
maildrop_path(const struct generation *g)
{
	return arena_printf(g->arena, "%s/maildrop", g->base.queue_directory);
}

static const struct master_service *
service_of(const struct generation *g)
{
	const char *name = g->weir.pickup_service_name;
	const struct master_service *s =
	    master_find(&g->master, MASTER_UNIX, name);

	if (s == NULL)
		s = master_find(&g->master, MASTER_FIFO, name);
	return s != NULL && strcmp(s->command, "pickup") == 0 ? s : NULL;
}

const char *
maildrop_service(const struct generation *g)
{
	const struct master_service *s = service_of(g);

	if (s == NULL)
		return NULL;
	return arena_printf(g->arena, "%s/%s/%s", g->base.queue_directory,
	    s->private[0] == 'n' ? "public" : "private", s->name);
}

long
maildrop_seconds(const struct generation *g)
{
	const struct master_service *s = service_of(g);

	return s != NULL ? strtol(s->wakeup, NULL, 10) : 0;
}

/* A new file with a name of its own: those of unfinished ones begin with
 * "tmp.". */
static int
create(const char *directory, char *path, struct err *err)
{
	int fd = -1;

	for (unsigned i = 0; fd < 0 && i < TRIES; i++) {
		int n =
		    snprintf(path, PATH_LENGTH, "%s/tmp.%llx.%x.%x", directory,
			(unsigned long long)clock_now(), (unsigned)getpid(), i);

		if (n < 0 || n >= PATH_LENGTH) {
			err_set(err, "%s: path too long", directory);
			return -1;
		}
		fd = open(path,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0)
		err_set(err, "%s: %s", directory, err_errno(errno));
	return fd;
}

int
maildrop_put(
    const char *directory, const struct letter *letter, struct err *err)
{
	char from[PATH_LENGTH], to[PATH_LENGTH];
	size_t at = strlen(directory) + 1;
	int fd = create(directory, from, err);

	if (fd < 0)
		return -1;
	memcpy(to, from, at);
	memcpy(to + at, from + at + 4, strlen(from + at + 4) + 1);
	/* The directory cannot be opened to be synchronised alone. */
	if (letter_write(letter, fd, err) == 0) {
		if (fsync(fd) == 0 && rename(from, to) == 0 &&
		    syncfs(fd) == 0) {
			(void)close(fd);
			return 0;
		}
		err_set(err, "%s", err_errno(errno));
	}
	err_add(err, "%s", directory);
	(void)unlink(from);
	(void)close(fd);
	return -1;
}

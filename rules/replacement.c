/* replacement.c - see replacement.h. */
#include "rules/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fatal.h"

static void
end(struct replacement *r)
{
	(void)close(r->fd);
	free(r->beside);
	free(r->path);
}

int
replacement_begin(
    struct replacement *r, const char *path, unsigned mode, struct err *err)
{
	struct stat old;

	if (asprintf(&r->beside, "%s.XXXXXX", path) < 0 ||
	    (r->path = strdup(path)) == NULL)
		fatal("out of memory");
	r->fd = mkostemp(r->beside, O_CLOEXEC);
	if (r->fd < 0) {
		err_set(err, "create %s: %s", r->beside, err_errno(errno));
		free(r->beside);
		free(r->path);
		return -1;
	}
	if (stat(path, &old) == 0) {
		mode = old.st_mode & 0777;
		/* Who may not give it away keeps it; but what one group may
		 * read is not for another. */
		if (fchown(r->fd, old.st_uid, old.st_gid) != 0 &&
		    fchown(r->fd, (uid_t)-1, old.st_gid) != 0)
			mode &= 0707;
	}
	if (fchmod(r->fd, mode) == 0)
		return 0;
	err_set(err, "chmod %s: %s", r->beside, err_errno(errno));
	replacement_abort(r);
	return -1;
}

/* So that the rename outlives a power cut.  A file system that cannot is no
 * reason to refuse the file. */
static void
sync_directory(char *path)
{
	char *slash = strrchr(path, '/');
	const char *dir = slash == NULL ? "." : slash == path ? "/" : path;
	int fd;

	if (slash != NULL && slash != path)
		*slash = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

int
replacement_write(
    struct replacement *r, const void *data, size_t n, struct err *err)
{
	const char *p = data;
	ssize_t done;

	while (n > 0) {
		done = write(r->fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			err_set(
			    err, "write %s: %s", r->beside, err_errno(errno));
			return -1;
		}
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int
replacement_commit(struct replacement *r, struct err *err)
{
	if (fsync(r->fd) != 0) {
		err_set(err, "write %s: %s", r->beside, err_errno(errno));
		replacement_abort(r);
		return -1;
	}
	if (rename(r->beside, r->path) != 0) {
		err_set(err, "rename %s to %s: %s", r->beside, r->path,
		    err_errno(errno));
		replacement_abort(r);
		return -1;
	}
	sync_directory(r->path);
	end(r);
	return 0;
}

void
replacement_abort(struct replacement *r)
{
	(void)unlink(r->beside);
	end(r);
}

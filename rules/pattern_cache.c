/* pattern_cache.c - see pattern_cache.h. */
#include "rules/pattern_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/multimatch.h"
#include "rules/chunk.h"

#define OLDEST (CLOCK_SECOND * 3600 * 24 * 30)

/* All at once: who wrote it may still write to it. */
static int
read_draft(int fd, struct buf *out, struct err *err)
{
	enum { STEP = 65536 };
	ssize_t n = 0;

	while (out->len <= CHUNK_MOST &&
	    (n = pread(fd, buf_reserve(out, STEP), STEP, (off_t)out->len)) > 0)
		buf_added(out, (size_t)n);
	if (n < 0)
		err_set(err, "%s", err_errno(errno));
	else if (out->len > CHUNK_MOST)
		err_set(err, "too many patterns");
	return n < 0 || out->len > CHUNK_MOST ? -1 : 0;
}

static int
write_file(const char *path, const struct buf *data, struct err *err)
{
	struct buf new = { 0 };
	int fd, e = -1;

	buf_printf(&new, "%s.new", path);
	fd = open(buf_str(&new),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0 && write(fd, data->data, data->len) == (ssize_t)data->len)
		e = rename(buf_str(&new), path);
	if (e != 0)
		err_set(err, "%s: %s", buf_str(&new), err_errno(errno));
	if (fd >= 0)
		(void)close(fd);
	buf_free(&new);
	return e;
}

static void
remove_old(const char *directory)
{
	int64_t now = clock_now();
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	struct stat st;

	if (dir == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): of its own stream. */
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(dirfd(dir), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) &&
		    now - st.st_mtim.tv_sec * CLOCK_SECOND > OLDEST)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
}

int
pattern_cache_fill(const char *directory, int fd, struct err *err)
{
	struct buf draft = { 0 }, path = { 0 }, out = { 0 };
	char name[CHUNK_NAME];
	struct chunk *chunk;
	bool missing;
	int e = -1;

	if (multimatch_version() == NULL) {
		err_set(err, "not on this machine");
		return -1;
	}
	if (read_draft(fd, &draft, err) == 0) {
		chunk_name(buf_str(&draft), draft.len, name);
		chunk = chunk_load(directory, name, &missing, err);
		chunk_free(chunk);
		buf_printf(&path, "%s/%s", directory, name);
		e = chunk != NULL ||
			(chunk_compile(buf_str(&draft), draft.len, &out, err) ==
				0 &&
			    write_file(buf_str(&path), &out, err) == 0)
		    ? 0
		    : -1;
		remove_old(directory);
	}
	buf_free(&draft);
	buf_free(&path);
	buf_free(&out);
	return e;
}

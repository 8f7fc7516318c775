/* config_file.c - see config_file.h. */
#include "weir/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lines.h"
#include "rules/replacement.h"

/* The lock is that of the file which has the name now: another edit may have
 * put a new one there while we waited. */
static int
lock(struct config_file *file, struct err *err)
{
	struct stat ours, named;
	int status;

	for (;;) {
		file->lock = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (file->lock < 0)
			break;
		do
			status = flock(file->lock, LOCK_EX);
		while (status != 0 && errno == EINTR);
		if (status != 0 || fstat(file->lock, &ours) != 0)
			break;
		if (stat(file->path, &named) == 0 &&
		    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino)
			return 0;
		(void)close(file->lock);
	}
	err_set(err, "open %s for reading: %s", file->path, err_errno(errno));
	return -1;
}

int
config_file_open(struct config_file *file, const char *path, struct err *err)
{
	*file = (struct config_file){ .lock = -1 };
	file->path = realpath(path, NULL);
	if (file->path == NULL) {
		err_set(err, "open %s for reading: %s", path, err_errno(errno));
		return -1;
	}
	if (lock(file, err) == 0 &&
	    lines_load(file->path, &file->old, err) == 0)
		return 0;
	config_file_close(file);
	return -1;
}

static int
write_all(int fd, const struct buf *text)
{
	size_t done = 0;
	ssize_t n;

	while (done < text->len) {
		n = write(fd, text->data + done, text->len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return -1;
	}
	return 0;
}

int
config_file_commit(struct config_file *file, struct err *err)
{
	struct replacement r;

	if (replacement_begin(&r, file->path, 0644, err) != 0)
		return -1;
	if (write_all(r.fd, &file->new) != 0) {
		err_set(err, "write %s: %s", r.beside, err_errno(errno));
		replacement_abort(&r);
		return -1;
	}
	return replacement_commit(&r, err);
}

void
config_file_close(struct config_file *file)
{
	if (file->lock >= 0)
		(void)close(file->lock);
	buf_free(&file->old);
	buf_free(&file->new);
	free(file->path);
}

bool
config_file_line(
    const char **cursor, const char **line, size_t *len, enum config_line *kind)
{
	static const char blanks[] = " \t\r\v\f";
	const char *end, *first;

	if (**cursor == '\0')
		return false;
	*line = *cursor;
	end = *line + strcspn(*line, "\n");
	end += *end == '\n';
	*len = (size_t)(end - *line);
	*cursor = end;
	first = *line + strspn(*line, blanks);
	if (first >= end || *first == '\n' || *first == '#')
		*kind = CONFIG_LINE_COMMENT;
	else
		*kind = first == *line ? CONFIG_LINE_START : CONFIG_LINE_MORE;
	return true;
}

/* What was the last line may lack its newline. */
static void
end_line(struct config_file *file)
{
	if (file->new.len > 0 && file->new.data[file->new.len - 1] != '\n')
		buf_putc(&file->new, '\n');
}

void
config_file_copy(struct config_file *file, const char *line, size_t len)
{
	end_line(file);
	buf_put(&file->new, line, len);
}

void
config_file_comment(struct config_file *file, const char *line, size_t len)
{
	end_line(file);
	buf_putc(&file->new, '#');
	buf_put(&file->new, line, len);
}

void
config_file_add(struct config_file *file, const char *text)
{
	end_line(file);
	buf_puts(&file->new, text);
}

/* dns_file.c - see dns_file.h. */
#include "base/dns_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fatal.h"

/* Compare with ${file} what is there now, and remember that. */
static bool
look(struct dns_file *file)
{
	struct stat st;

	if (stat(file->path, &st) != 0 ||
	    (st.st_dev == file->device && st.st_ino == file->inode &&
		st.st_size == file->size &&
		st.st_mtim.tv_sec == file->changed.tv_sec &&
		st.st_mtim.tv_nsec == file->changed.tv_nsec))
		return false;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	file->size = st.st_size;
	file->changed = st.st_mtim;
	return true;
}

void
dns_file_open(struct dns_file *file, const char *path)
{
	*file = (struct dns_file){ 0 };
	if (*path == '\0')
		return;
	file->path = strdup(path);
	if (file->path == NULL)
		fatal("out of memory");
	(void)look(file);
	atomic_store(&file->next, clock_mono() + CLOCK_SECOND);
}

void
dns_file_close(struct dns_file *file)
{
	free(file->path);
	file->path = NULL;
}

bool
dns_file_changed(struct dns_file *file)
{
	int64_t now, next = atomic_load(&file->next);

	if (file->path == NULL)
		return false;
	now = clock_mono();
	/* Nobody looks again before we have long done so. */
	return now >= next &&
	    atomic_compare_exchange_strong(
		&file->next, &next, now + CLOCK_SECOND) &&
	    look(file);
}

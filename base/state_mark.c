/* state_mark.c - see state_mark.h. */
#include "base/state_mark.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_PATH = 4096 };

/* The kernel's id of this boot; "" if it has none. */
static void
boot_id(char id[64])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, id, 63) : 0;

	id[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

static void
write_text(const char *dir, const char *name, const char *text)
{
	char path[MOST_PATH];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	/* A mark that cannot be written is none: unclean. */
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fsync(fd) != 0)
		(void)unlink(path);
	(void)close(fd);
}

void
state_mark_used(const char *dir, unsigned ends)
{
	char boot[64], text[128];

	boot_id(boot);
	(void)snprintf(text, sizeof text, "%s %u", boot, ends);
	write_text(dir, "mark", text);
}

void
state_mark_clean(const char *dir)
{
	write_text(dir, "mark", "clean");
}

void
state_mark_doubt(const char *dir)
{
	write_text(dir, "doubt", "");
}

bool
state_mark_whole(const char *dir, unsigned *ends)
{
	char path[MOST_PATH], text[128], boot[64];
	size_t length;
	ssize_t n = 0;
	int fd;

	*ends = 0;
	(void)snprintf(path, sizeof path, "%s/doubt", dir);
	if (unlink(path) == 0)
		return false;
	(void)snprintf(path, sizeof path, "%s/mark", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof text - 1);
		(void)close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	if (strcmp(text, "clean") == 0)
		return true;
	boot_id(boot);
	length = strlen(boot);
	if (length == 0 || strncmp(text, boot, length) != 0)
		return false;
	*ends = 1 + (unsigned)strtoul(text + length, NULL, 10);
	return true;
}

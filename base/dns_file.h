/* dns_file.h - a file of the system that may change while we run. */
#ifndef BASE_DNS_FILE_H
#define BASE_DNS_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct dns_file {
	char *path; /* NULL: none */
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	_Atomic int64_t next; /* clock_mono(): when to look again */
};

/* dns_file_open(file, path): begin with ${path} as it is now, "" being none;
 * dns_file_close(): forget it.  Nobody else uses ${file} then. */
void dns_file_open(struct dns_file *file, const char *path);
void dns_file_close(struct dns_file *file);

/*
 * dns_file_changed(file):
 * Is it another file, or longer, or younger than when it was last found to be?
 * Looked at once in a second at most; of several threads one is told.  A file
 * that is gone, or that cannot be got at, has not changed: what is known of it
 * is better than nothing.
 */
bool dns_file_changed(struct dns_file *file);

#endif

/* client_library.h - the client library of a database, loaded when the first
 * table needs it: who has no such table needs no such library. */
#ifndef RULES_CLIENT_LIBRARY_H
#define RULES_CLIENT_LIBRARY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

/* One function, and where in ${functions} its address goes. */
struct client_library_symbol {
	const char *name;
	size_t offset;
};

struct client_library {
	const char *const *files; /* to try in order; ended by NULL */
	const char *package;      /* Debian's, for the message */
	const struct client_library_symbol *symbols; /* ended by a NULL name */
	void *functions;
	pthread_mutex_t lock;
	bool loaded;
};

/* client_library_open(library, err): load it, once; it stays as long as the
 * process.  Any thread; before the process enters its jail.  -1 and the reason:
 * it is not installed, or lacks a function. */
int client_library_open(struct client_library *library, struct err *err);

#endif

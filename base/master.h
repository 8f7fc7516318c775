/* master.h - master.cf (master(5) syntax): which services there are. */
#ifndef BASE_MASTER_H
#define BASE_MASTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/conf.h"

enum master_type {
	MASTER_INET,
	MASTER_UNIX,
	MASTER_FIFO,
	MASTER_PASS,
	MASTER_UNIX_DGRAM,
};

struct master_option {
	const char *name, *value; /* -o name=value */
	struct origin origin;
};

struct master_service {
	const char *name; /* "smtp", "127.0.0.1:10025", "relay" */
	enum master_type type;
	const char *private, *unpriv, *chroot; /* "y", "n" or "-" */
	const char *wakeup;                    /* "-", "0", "60" or "60?" */
	int maxproc;         /* -1: default_process_limit; 0: no limit */
	const char *command; /* "smtpd" */
	const struct master_option *options;
	size_t noptions;
	const char *const *args; /* the other words, ended by NULL */
	unsigned verbose;        /* how many -v */
	bool debug;              /* -D */
	struct origin origin;
};

struct master {
	const struct master_service *services;
	size_t count;
};

/* master_read(path, arena, master, err), master_parse(name, text, ...):
 * Read the file at ${path}, or ${text}, into ${master}, all in ${arena}.
 * Return 0, or -1 with "file:line: why" in ${err}.  Of two entries with the
 * same name and type the last one counts, with a warning. */
int master_read(const char *path, struct arena *arena, struct master *master,
    struct err *err);
int master_parse(const char *name, const char *text, struct arena *arena,
    struct master *master, struct err *err);

/* master_find(master, type_name, name): the service, or NULL. */
const struct master_service *master_find(
    const struct master *master, enum master_type type, const char *name);

/* master_view(service, conf): a view of ${conf} with the -o options set. */
struct conf *
master_view(const struct master_service *service, struct conf *conf);

#endif

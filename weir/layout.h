/* layout.h - where a running Weir keeps its things: directories, sockets, the
 * lock, logs. */
#ifndef WEIR_LAYOUT_H
#define WEIR_LAYOUT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "weir/listeners.h"

struct err;
struct generation;

/* How long a start waits for the roles of a supervisor that died: they end by
 * themselves. */
#define LAYOUT_FORMER (20 * CLOCK_SECOND)

/* layout_directories(g, err): make what is missing below queue_directory and
 * data_directory, owned by the roles' users if we are root.  0 or -1. */
int layout_directories(const struct generation *g, struct err *err);

/* layout_lock(g, err): the lock that one supervisor holds (the kernel drops it
 * at its death), with its pid inside.  A descriptor, or -1. */
int layout_lock(const struct generation *g, struct err *err);

/* layout_logs(g, log, json, err): (re)open the log targets; ones that were
 * open are replaced under their numbers.  -1 in *log means syslog. */
int
layout_logs(const struct generation *g, int *log, int *json, struct err *err);

/* layout_events(g, log, json): have this process log there. */
void layout_events(const struct generation *g, int log, int json);

/* layout_socket(g, name, err): bind the Unix socket of a role. */
int
layout_socket(const struct generation *g, const char *name, struct err *err);

/* layout_remove(g): remove the sockets after the last role has ended.  The
 * pid file stays: who removes a lock file opens a race. */
void layout_remove(const struct generation *g);

/* layout_loops(g): how many loops the SMTP server has. */
size_t layout_loops(const struct generation *g);

/* layout_wish(g): the listening sockets that its services ask for. */
struct listeners_wish layout_wish(const struct generation *g);

/* layout_user(name, uid, gid, err): look up a role's user; if we are not root,
 * the one that we are. */
int layout_user(const char *name, uid_t *uid, gid_t *gid, struct err *err);

#endif

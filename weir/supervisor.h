/* supervisor.h - starts the roles, keeps them running, replaces generations.
 * Single-threaded, no network input. */
#ifndef WEIR_SUPERVISOR_H
#define WEIR_SUPERVISOR_H

#include <stdbool.h>

struct buf;
struct err;

/*
 * supervisor_run(dir, ready, marked):
 * Serve the configuration in ${dir} until SIGTERM or SIGINT; SIGHUP reloads,
 * SIGUSR1 opens the log files again.  When all roles serve, or it is clear
 * that they will not, lines for the admin (none if all is well) are written to
 * descriptor ${ready}, unless it is -1, then with ${marked} a NUL for success
 * or 0x01 for failure, and it is closed.  Returns an exit status: EX_CONFIG if
 * it could not serve.
 */
int supervisor_run(const char *dir, int ready, bool marked);

struct supervisor;

/* What the control socket (control.h) asks for. */

/* supervisor_reload(s, done, arg): read the configuration anew; ${done} is
 * called once with the outcome.  False, and why, if a reload is under way or
 * the configuration is malformed. */
bool supervisor_reload(struct supervisor *s,
    void (*done)(void *arg, bool good, const char *text), void *arg,
    struct err *err);
void supervisor_stop(struct supervisor *s);
void supervisor_status(struct supervisor *s, struct buf *out);

#endif

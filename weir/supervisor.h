/* supervisor.h - starts the roles, keeps them running, replaces generations.
 * Single-threaded, no network input. */
#ifndef WEIR_SUPERVISOR_H
#define WEIR_SUPERVISOR_H

#include <stdbool.h>

/*
 * supervisor_run(dir, ready, marked, only):
 * Serve the configuration in ${dir} until SIGTERM or SIGINT; SIGHUP reloads,
 * SIGUSR1 opens the log files again.  When all roles serve, or it is clear
 * that they will not, lines for the admin (none if all is well) are written to
 * descriptor ${ready}, unless it is -1, then with ${marked} a NUL for success
 * or 0x01 for failure, and it is closed.  With ${only}, not NULL, the role of that name runs
 * alone, for its services.  Returns an exit status: EX_CONFIG if
 * it could not serve.
 */
int supervisor_run(const char *dir, int ready, bool marked, const char *only);

#endif

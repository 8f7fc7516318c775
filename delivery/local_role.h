/* local_role.h - the role that writes mailboxes and runs commands, as their
 * owners. */
#ifndef DELIVERY_LOCAL_ROLE_H
#define DELIVERY_LOCAL_ROLE_H

#include <stddef.h>
#include <stdint.h>

struct local_rights;
struct pipe_commands;
struct spawner_settings;

struct local_role {
	int listener; /* the role's Unix socket, listening */
	size_t most;  /* deliveries at once; 0: 50 */
	const struct pipe_commands *commands;   /* NULL: none */
	const struct local_rights *rights;      /* NULL: nobody's */
	const struct spawner_settings *spawned; /* NULL: nothing is */
	int lifeline;         /* a hang-up on it is as SIGTERM; 0: none */
	int64_t drain;        /* so long at most after that, ns; 0: no limit */
	const char *warnings; /* of what was wrong before; NULL: nothing */
	/* As in deliver_role.h. */
	void (*ready)(void *arg, const char *warnings);
	void *arg;
};

/*
 * local_role_run(role):
 * Single-threaded.  For each connection (one delivery, see mailbox.h,
 * pipe_request.h and local_command.h, or one file, see local_read.h) a child is forked that becomes the owner of the mailbox or
 * command, writes or runs it, answers and ends.
 * Returns the exit status at SIGTERM, which it takes over, when the deliveries
 * under way have ended, or role->drain is over: they go on then without it.
 */
int local_role_run(const struct local_role *role);

#endif

/* command.h - the SMTP commands: one row each in the registry of command.c. */
#ifndef PROXY_COMMAND_H
#define PROXY_COMMAND_H

#include <stdbool.h>

struct session;

enum command_result {
	COMMAND_DONE,   /* replied; counts as succeeded */
	COMMAND_FAILED, /* replied; counts as a mistake */
	COMMAND_AGAIN,  /* nothing was done: run it again, in a worker */
	COMMAND_LATER,  /* it is counted by what follows (DATA), or not at all */
};

enum command_flags {
	COMMAND_LAST = 1,    /* must be the last of a group (RFC 2920) */
	COMMAND_JUNK = 2,    /* limited by smtpd_junk_command_limit */
	COMMAND_PRE_TLS = 4, /* allowed before STARTTLS where TLS is a must */
	COMMAND_ALWAYS = 8,  /* also for a client that is not welcome */
};

struct command {
	const char *name;
	const char *counted; /* as in the disconnect line */
	unsigned flags;
	/* s->words is the command.  Runs on the loop or in a worker; what it
	 * does before COMMAND_AGAIN must do no harm when done twice. */
	enum command_result (*run)(struct session *s);
	/* Running it may block.  NULL: never. */
	bool (*blocks)(const struct session *s);
};

enum { COMMAND_COUNT = 17 }; /* rows, the one of unknown commands included */

/* command_find(name): the row, in any case; the one of unknown commands, whose
 * run is NULL, if there is none. */
const struct command *command_find(const char *name);

/* command_place(command), command_at(place): its number, from 0. */
unsigned command_place(const struct command *command);
const struct command *command_at(unsigned place);

#endif

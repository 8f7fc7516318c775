/* smtp_command.h - the SMTP commands: one row each in the registry of smtp_command.c. */
#ifndef PROXY_SMTP_COMMAND_H
#define PROXY_SMTP_COMMAND_H

#include <stdbool.h>

struct session;

enum smtp_command_result {
	SMTP_COMMAND_DONE,   /* replied; counts as succeeded */
	SMTP_COMMAND_FAILED, /* replied; counts as a mistake */
	SMTP_COMMAND_AGAIN,  /* nothing was done: run it again, in a worker */
	SMTP_COMMAND_LATER, /* it is counted by what follows (DATA), or not at all */
};

enum smtp_command_flags {
	SMTP_COMMAND_LAST = 1, /* must be the last of a group (RFC 2920) */
	SMTP_COMMAND_JUNK = 2, /* limited by smtpd_junk_command_limit */
	SMTP_COMMAND_PRE_TLS =
	    4, /* allowed before STARTTLS where TLS is a must */
	SMTP_COMMAND_ALWAYS = 8, /* also for a client that is not welcome */
	SMTP_COMMAND_LMTP = 16,  /* there is no such command in SMTP */
};

struct smtp_command {
	const char *name;
	const char *counted; /* as in the disconnect line */
	unsigned flags;
	/* s->words is the command.  Runs on the loop or in a worker; what it
	 * does before SMTP_COMMAND_AGAIN must do no harm when done twice. */
	enum smtp_command_result (*run)(struct session *s);
	/* Running it may block.  NULL: never. */
	bool (*blocks)(const struct session *s);
};

enum {
	SMTP_COMMAND_COUNT = 18
}; /* rows, the one of unknown commands included */

/* smtp_command_find(name, lmtp): the row, in any case; the one of unknown
 * commands, whose run is NULL, if there is none. */
const struct smtp_command *smtp_command_find(const char *name, bool lmtp);

/* smtp_command_place(command), smtp_command_at(place): its number, from 0. */
unsigned smtp_command_place(const struct smtp_command *command);
const struct smtp_command *smtp_command_at(unsigned place);

#endif

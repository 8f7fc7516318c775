/* program.h - run a program that takes a message on its standard input. */
#ifndef DELIVERY_PROGRAM_H
#define DELIVERY_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "delivery/line_copy.h"

struct arena;
struct stream;

enum { PROGRAM_OUTPUT = 4096 }; /* octets of its output that are kept */

struct program {
	char *const *argv; /* argv[0] is looked for in /usr/bin and /bin */
	char *const *envp;
	const char *directory;
	int64_t time_limit;     /* ns */
	struct line_copy lines; /* how the message is written */
	const char *head;       /* in front of it, LF */
	bool blank;             /* an empty line behind it */
	uint64_t size; /* octets of message that come from the stream */
};

enum program_end {
	PROGRAM_EXITED,    /* ${status} is its exit status */
	PROGRAM_KILLED,    /* ... the signal */
	PROGRAM_TIMEOUT,   /* by us, when its time was over */
	PROGRAM_NOT_FOUND, /* it could not be started: ${output} says why */
	PROGRAM_CUT,       /* the message was: what the program did is not to be
			    * relied on */
};

struct program_result {
	enum program_end end;
	int status;
	/* What it wrote, each line end made a blank, other control characters
	 * "?"; in the caller's arena. */
	const char *output;
};

/* program_find(name, arena): its path, as execvp(3) finds it with the PATH that
 * programs of ours get. */
const char *program_find(const char *name, struct arena *arena);

/*
 * program_run(program, in, arena, result):
 * Run it with our own rights, in a session of its own, give it the message from
 * ${in} as it takes it, and wait for its end, at most ${time_limit}; then its
 * process group is killed.  A program that does not want to read the message
 * need not.  Single-threaded processes only.
 */
void program_run(const struct program *program, struct stream *in,
    struct arena *arena, struct program_result *result);

#endif

/* command.h - the sub-commands of weir and the names it answers to. */
#ifndef WEIR_COMMAND_H
#define WEIR_COMMAND_H

/* One sub-command: "weir name ..." and, where ${link} is set, the program
 * name it is also called by ("mailq").  run() gets argv[0] = name and returns
 * the exit status (sysexits.h). */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;   /* one line */
	const char *args;   /* synopsis */
	unsigned char role; /* a role that the supervisor starts: not listed */
};

/* command_find(name): in the registry of command.c; NULL: none. */
const struct command *command_find(const char *name);

/* command_all(): the registry, ended by a NULL name. */
const struct command *command_all(void);

#endif

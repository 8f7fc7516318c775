/* trial.h - what the sub-commands of weir test share: their common options,
 * the configuration and a world to ask. */
#ifndef WEIR_TRIAL_H
#define WEIR_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct conf;
struct world;

/* Zero-initialised but for the first two. */
struct trial {
	const char *name;   /* "weir test table", for messages */
	bool bare;          /* the default directory may lack a main.cf */
	const char *dir;    /* -c; NULL: the default */
	const char *dns;    /* --dns; NULL: as the system has it */
	const char *script; /* --world; NULL: the real one */
	bool json;          /* -j */
	bool later; /* mail has waited already, where restrictions have it */
	char **set; /* -o */
	size_t nset;

	struct conf *conf; /* a view: scripts may change it */
	struct conf *read;
	struct world *world;
	struct arena *arena;
};

/*
 * trial_option(t, argc, argv, i):
 * Take argv[*i], and what belongs to it, if it is one of
 *	-c DIR   -o NAME=VALUE   --dns SERVER   --world FILE   -j
 * 1: taken, and *i is its last word; 0: it is another; -1: it lacks its
 * value, or the value makes no sense.
 */
int trial_option(struct trial *t, int argc, char **argv, int *i);

/* trial_begin(t): messages go to stderr as "name: ...".  trial_open(t): read
 * the configuration and open the world; 0, or an exit status after a message.
 * trial_read(t): read the configuration only.  trial_again(t): another world, which
 * remembers nothing; returns as trial_open() does.  trial_close(t): in any case, at
 * the end. */
void trial_begin(const struct trial *t);
int trial_read(struct trial *t);
int trial_open(struct trial *t);
int trial_again(struct trial *t);
void trial_close(struct trial *t);

/* trial_fail(t, status, format, ...): "name: fatal: ..." on stderr; returns
 * ${status}. */
int trial_fail(const struct trial *t, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* trial_end(t, status): ${status}, unless what was printed is lost. */
int trial_end(const struct trial *t, int status);

#endif

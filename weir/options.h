/* options.h - command-line options as in getopt(3), for any thread. */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

/* Where the parser stands.  Begin with argc, argv and the rest zero. */
struct options {
	int argc;
	char **argv;
	int next; /* argv[next] is the first operand, after the last option */
	const char *value; /* of the option just returned, if it takes one */
	const char *rest;  /* of a group of letters */
	char bad;          /* the letter that '?' was returned for */
};

/*
 * options_next(o, letters):
 * The next option's letter; -1 when only operands are left ("-" is one, "--" is
 * skipped); '?' for a letter that is not in ${letters} or lacks its value.  A
 * letter in ${letters} that a ':' follows takes a value.
 */
int options_next(struct options *o, const char *letters);

#endif

/* traces.h - the ring of recent decisions that weir explain reads. */
#ifndef WEIR_TRACES_H
#define WEIR_TRACES_H

#include <stdbool.h>

struct err;

/* What is asked for. */
struct traces_wanted {
	const char *what; /* an id, or a word of the first line */
	int most;         /* so many, the newest */
	bool json;
};

/* traces_print(dir, wanted, err): print the newest decisions that have the id
 * wanted->what, or name it in their first line, and all about the message if it
 * is a queue id, to stdout; return how many, or -1 and why. */
int traces_print(
    const char *dir, const struct traces_wanted *wanted, struct err *err);

#endif

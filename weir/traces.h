/* traces.h - the ring of recent decisions that weir explain reads. */
#ifndef WEIR_TRACES_H
#define WEIR_TRACES_H

struct err;

/* traces_print(dir, what, most, err): print the newest ${most} decisions that
 * have the id ${what}, or name it in their first line, and all about the
 * message if ${what} is its queue id, to stdout; return how many, or -1 and
 * why. */
int traces_print(const char *dir, const char *what, int most, struct err *err);

#endif

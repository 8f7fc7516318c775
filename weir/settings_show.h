/* settings_show.h - postconf: the parameters of main.cf. */
#ifndef WEIR_SETTINGS_SHOW_H
#define WEIR_SETTINGS_SHOW_H

#include <stdbool.h>

struct err;
struct listing;
struct settings;
struct settings_names;

struct settings_show {
	bool defaults; /* -d: what is if main.cf says nothing */
	bool set;      /* -n: only what it says */
	bool expand;   /* -x */
};

/* settings_show(how, s, n, l, names, err): print those in ${names} (ended by
 * NULL), in their order, or if there are none all, sorted.  Names that nothing
 * knows are warned about.  -1 and the reason: a value cannot be expanded. */
int settings_show(const struct settings_show *how, struct settings *s,
    const struct settings_names *n, struct listing *l, char *const *names,
    struct err *err);

#endif

/* entries_show.h - postconf -M, -F and -P: the services of master.cf. */
#ifndef WEIR_ENTRIES_SHOW_H
#define WEIR_ENTRIES_SHOW_H

#include <stdbool.h>

struct err;
struct listing;
struct settings;

/*
 * Each prints what the requests in ${args} (ended by NULL; none: all) ask for,
 * in the order of master.cf; what matches nothing is warned about.  With
 * ${expand}, the $names in values of -o have the values that they have in the
 * service.  -1 and the reason: a malformed request, or value.
 */
/* entries_show(s, l, args, expand, err): -M, services. */
int entries_show(struct settings *s, struct listing *l, char *const *args,
    bool expand, struct err *err);
/* entries_show_fields(...): -F.  entries_show_parameters(...): -P. */
int entries_show_fields(struct settings *s, struct listing *l,
    char *const *args, bool expand, struct err *err);
int entries_show_parameters(struct settings *s, struct listing *l,
    char *const *args, bool expand, struct err *err);

#endif

/* milter_macro.h - what milters are told by name: the macros of Sendmail. */
#ifndef PROXY_MILTER_MACRO_H
#define PROXY_MILTER_MACRO_H

struct buf;
struct milter_setting_all;
struct session;

/* What only the moment of asking knows. */
struct milter_macro_moment {
	/* A recipient that is refused, and with what; NULL: none is. */
	const char *refusal;
};

/*
 * milter_macro_print(s, settings, names, moment, out):
 * Append name and value, each with its NUL, of each macro in ${names} that has
 * a value, by itself or by milter_macro_defaults.  Control characters in values
 * become '?'.  May block: some are about where an address leads to.
 */
void milter_macro_print(struct session *s,
    const struct milter_setting_all *settings, const char *names,
    const struct milter_macro_moment *moment, struct buf *out);

#endif

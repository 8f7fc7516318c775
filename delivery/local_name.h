/* local_name.h - a local address in its parts, and what main.cf may say with
 * them. */
#ifndef DELIVERY_LOCAL_NAME_H
#define DELIVERY_LOCAL_NAME_H

#include <stdbool.h>

struct arena;
struct passwd;

struct local_name {
	const char *address;   /* internal form, as it came */
	const char *local;     /* in front of the @, in small letters */
	const char *user;      /* ... without the extension */
	const char *extension; /* NULL: none */
	const char *domain;    /* "" if there is none */
	bool odd; /* it had an extension that cannot be used: with a slash */
};

/* local_name(arena, address, delimiters, name): take ${address} apart. */
void local_name(struct arena *arena, const char *address,
    const char *delimiters, struct local_name *name);

/* What the names in a template stand for. */
struct local_values {
	const struct local_name *name;
	const struct passwd *user; /* NULL: not known */
	const char *delimiters;
	const char *filter; /* octets that values may have; NULL: all */
};

/*
 * local_name_expand(arena, template, values, whole):
 * ${template} with $user, $home, $shell, $recipient, $extension, $domain,
 * $local and $recipient_delimiter replaced; *whole (may be NULL) tells whether
 * all of them had a value.  NULL: a mistake in it.
 */
const char *local_name_expand(struct arena *arena, const char *template,
    const struct local_values *values, bool *whole);

/* local_name_filter(arena, text, filter): octets of ${text} that are not in
 * ${filter} made "_". */
const char *
local_name_filter(struct arena *arena, const char *text, const char *filter);

#endif

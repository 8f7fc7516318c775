/* settings_names.h - which names of the configuration mean something. */
#ifndef WEIR_SETTINGS_NAMES_H
#define WEIR_SETTINGS_NAMES_H

#include <stdbool.h>

#include "base/strmap.h"
#include "weir/settings.h"

/* The names that values refer to; the values of these maps mean nothing. */
struct settings_names {
	const struct settings *settings;
	struct strmap in_main;  /* by main.cf */
	struct strmap anywhere; /* by main.cf or by master.cf */
	struct strmap sources;  /* NAME of "ldap:NAME": NAME_server_host ... */
	struct strmap content;  /* NAME_body_checks ... of classes */
};

/* settings_names_open(n, s): gather them.  Ends with settings_names_close(). */
void settings_names_open(struct settings_names *n, const struct settings *s);
void settings_names_close(struct settings_names *n);

/* settings_names_known(n, name): there is such a parameter, here or in Postfix,
 * or a value makes it one. */
bool settings_names_known(const struct settings_names *n, const char *name);

/* settings_names_undefined(n), settings_names_unused(n, only_master):
 * Postfix's warnings about names that are referred to but not set, and the
 * reverse. */
void settings_names_undefined(const struct settings_names *n);
void settings_names_unused(const struct settings_names *n, bool only_master);

#endif

/* settings.h - the configuration as postconf shows it: what is set, what is
 * the default, and who said so. */
#ifndef WEIR_SETTINGS_H
#define WEIR_SETTINGS_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/strmap.h"
#include "weir/entries.h"

struct err;

struct settings {
	struct arena *arena;
	const char *main_path, *master_path;
	struct conf *file, *nothing; /* what main.cf says, and if it is empty */
	/* Views of these with the defaults of services and, in the first, the
	 * -o of the command: all values, but not who has set them. */
	struct conf *conf, *defaults;
	struct strmap overrides; /* of -o: texts */
	struct entries entries;  /* master.cf; empty if it cannot be read */
	struct strmap names;     /* all that have a row; values mean nothing */
};

/* What settings_open() needs. */
struct settings_source {
	const char *dir;
	bool defaults_only;           /* main.cf is not read */
	bool must_have_master;        /* else a warning is enough */
	const char *const *overrides; /* "name=value", ended by NULL; or NULL */
};

/* settings_open(s, source, err): -1 and the reason.  settings_close(s) in
 * either case. */
int settings_open(
    struct settings *s, const struct settings_source *source, struct err *err);
void settings_close(struct settings *s);

/* settings_is_set(s, name): main.cf or the command says what it is.
 * settings_each_set(s, fn, arg): all those, in the order of main.cf. */
bool settings_is_set(const struct settings *s, const char *name);
void settings_each_set(const struct settings *s,
    void (*fn)(void *arg, const char *name, const char *text), void *arg);

/* settings_service_default(s, name): the default of a parameter that is named
 * after a service of master.cf, "relay_destination_rate_delay"; or NULL.
 * settings_service_each(s, fn, arg): all of them. */
const char *
settings_service_default(const struct settings *s, const char *name);
void settings_service_each(const struct settings *s,
    void (*fn)(void *arg, const char *name), void *arg);

#endif

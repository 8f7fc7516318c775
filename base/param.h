/* param.h - a configuration parameter is one row of a table.
 *
 * Each directory has a params.def, rows of
 *	PARAM(name, type, "default", "least", "most", "meaning")
 * and, in params.h, a struct with one member per row:
 *	struct <dir>_params {
 *	#define PARAM(name, type, ...) param_##type name;
 *	#include "<dir>/params.def"
 *	#undef PARAM
 *	};
 *	extern const struct param_table <dir>_params_table;
 * Code, weir check and the manual are made from the rows. */
#ifndef BASE_PARAM_H
#define BASE_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct conf;
struct err;

/* The kinds of value, and what a program sees of them. */
typedef const char *param_text; /* expanded, never NULL; "" if empty */
typedef const char *param_raw;  /* with its $names: a template */
typedef bool param_boolean;     /* yes, no */
typedef int64_t param_count;    /* a number */
typedef int64_t param_duration; /* nanoseconds; the default's unit is the
				 * unit of a number without one */
typedef int64_t param_unused;   /* read, but without effect: weir check
				 * lists it if it is set */

enum param_type {
	PARAM_text,
	PARAM_raw,
	PARAM_boolean,
	PARAM_count,
	PARAM_duration,
	PARAM_unused,
};

struct param {
	const char *name;
	enum param_type type;
	size_t offset; /* of the member in the directory's struct */
	const char *preset;
	const char *least, *most; /* NULL: no bound */
	const char *meaning;
};

/* A default that is found out when a configuration is read (a host name).
 * ${text} returns it, unexpanded, in ${arena}; it may ask ${conf} for what is
 * set, for other defaults, and for computed ones that stand before it. */
struct param_computed {
	const char *name;
	const char *(*text)(struct conf *conf, struct arena *arena);
};

struct param_table {
	const char *directory; /* "proxy" */
	const struct param *rows;
	size_t count;
	size_t size;                           /* of the directory's struct */
	const struct param_computed *computed; /* ended by a NULL name; or
						* NULL */
};

/*
 * param_load(table, conf, arena, into, err):
 * Fill ${into} (table->size octets) from ${conf}; texts live in ${arena}.
 * Return 0, or -1 with "file:line: name = value: why" in ${err}, a line for
 * each mistake; a parameter with a mistake then has its default.
 */
int param_load(const struct param_table *table, struct conf *conf,
    struct arena *arena, void *into, struct err *err);

/* param_time(text, unit, value), param_bool(text, value): parse "5d", "300s",
 * "30" (in ${unit}: 's', 'm', 'h', 'd' or 'w'), "yes"/"no".  False: not one. */
bool param_time(const char *text, char unit, int64_t *value);
bool param_bool(const char *text, bool *value);

#endif

/* argument.h - what stands behind a restriction's name. */
#ifndef CHECKS_ARGUMENT_H
#define CHECKS_ARGUMENT_H

#include <stdbool.h>

struct arena;
struct conf;
struct dnsbl_filter;
struct err;
struct policy_service;
struct rate_spec;
struct table;

enum argument_kind {
	ARGUMENT_NONE,
	ARGUMENT_TABLE,       /* type:name */
	ARGUMENT_ZONE,        /* dnsbl.example[=filter] */
	ARGUMENT_SERVICE,     /* inet:host:port, unix:path, { ... } */
	ARGUMENT_SECONDS,     /* a number */
	ARGUMENT_SCORE,       /* a number, also a negative one */
	ARGUMENT_RATE,        /* { 10 messages / hour ... }, or whose value */
	ARGUMENT_CERTIFICATE, /* type:name, or { type:name, { search_order =
			       * ... } } */
};

/* The order in which check_ccert_access looks up. */
enum argument_print {
	ARGUMENT_PRINT_END,
	ARGUMENT_PRINT_CERTIFICATE,
	ARGUMENT_PRINT_KEY,
};

struct argument {
	enum argument_kind kind;
	const char *text; /* as written */
	struct table *table;
	enum argument_print prints[3];
	const char *zone; /* without the filter */
	const struct dnsbl_filter *filter;
	const struct policy_service *service;
	const struct rate_spec *rate;
	long seconds, score;
};

/*
 * argument_parse(argument, text, conf, arena, err):
 * Read ${text} by argument->kind into *argument, whose parts live in ${arena}
 * but for the table, which argument_close() gives back.  Return 0, or -1 and
 * the reason in ${err}.  A table that cannot be opened is no mistake of the
 * argument: 0, it answers "could not ask", and ${err} is not empty.
 */
int argument_parse(struct argument *argument, const char *text,
    struct conf *conf, struct arena *arena, struct err *err);
void argument_close(struct argument *argument);

/* argument_blocks(argument): asking with it may wait for a server. */
bool argument_blocks(const struct argument *argument);

#endif

/* rate_spec.h - a limit as it is written: "100 messages / hour per
 * client_address, burst = 20, action = DEFER_IF_PERMIT too many". */
#ifndef CHECKS_RATE_SPEC_H
#define CHECKS_RATE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct conf;
struct err;
struct fact;

enum rate_unit {
	RATE_MESSAGES,
	RATE_RECIPIENTS,
	RATE_BYTES,
	RATE_CONNECTIONS,
};

enum rate_away {
	RATE_AWAY_UNSET, /* as weir_rate_limit_away says */
	RATE_AWAY_DUNNO,
	RATE_AWAY_DEFER,
};

enum { RATE_FACTS = 4 };

struct rate_spec {
	const char *name;      /* "logins", "client_address": for the log */
	const char *id;        /* what tells its buckets from those of others */
	const char *text;      /* "100 messages / 3600s" */
	const char *unit_name; /* "messages" */
	enum rate_unit unit;
	/* Who has a bucket; a NULL fact: the client's network.  None: one for
	 * all. */
	const struct fact *facts[RATE_FACTS];
	size_t nfacts;
	int64_t ipv4_prefix, ipv6_prefix; /* of the client's network */
	/* As rate_rule.h has them. */
	int64_t rate, period, capacity;
	enum rate_away away;
	const char *action; /* as in an access table */
};

/*
 * rate_spec_parse(text, conf, arena, err):
 * Read "{ ... }", or the name of a parameter whose value is such, with or without
 * braces.  NULL and the reason: no such parameter, or malformed.
 */
const struct rate_spec *rate_spec_parse(
    const char *text, struct conf *conf, struct arena *arena, struct err *err);

/* rate_spec_list(spec): the restrictions that its action names, which are for
 * others to compile; NULL: it is an action of access tables. */
const char *rate_spec_list(const struct rate_spec *spec);

/* rate_spec_used(key, number, now, capacity): how much of *capacity is in the
 * bucket that is kept under ${key} as ${number}, or -1: that is no bucket of a
 * limit. */
int64_t rate_spec_used(
    const char *key, const int64_t *number, int64_t now, int64_t *capacity);

#endif

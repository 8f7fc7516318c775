/* witness.h - is the service an open relay?  A session that shows it. */
#ifndef WEIR_WITNESS_H
#define WEIR_WITNESS_H

#include <stdbool.h>

struct arena;
struct conf;
struct master_service;
struct route;
struct rules;

struct witness {
	const char *why;    /* "file:line: parameter: what lets him relay" */
	const char *script; /* for weir test session */
};

/*
 * witness_find(service, conf, rules, route, arena, witness):
 * Search for a session in which a stranger who has not logged in gets a
 * message to a domain of his choice: true, and *witness in ${arena}.  Each
 * candidate is played through the engine of the server, in a world of which
 * only what a stranger can put into the DNS is known.  No server is asked: what
 * a remote table, a policy service or a probe would say "could not be asked";
 * if nothing is found so, all of them know nothing, which the script says.
 *
 * ${conf} is the service's view, from which ${rules} and ${route} were made.
 * At most WITNESS_SESSIONS candidates are played, the plain ones first, and for
 * WITNESS_SECONDS of processor time.
 */
enum { WITNESS_SESSIONS = 10000, WITNESS_SECONDS = 2 };
bool witness_find(const struct master_service *service, struct conf *conf,
    struct rules *rules, struct route *route, struct arena *arena,
    struct witness *witness);

#endif

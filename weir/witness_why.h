/* witness_why.h - in words: what lets a stranger relay. */
#ifndef WEIR_WITNESS_WHY_H
#define WEIR_WITNESS_WHY_H

struct arena;
struct conf;
struct route;
struct rules;
struct verdict;
struct world;

/* A RCPT that was accepted. */
struct witness_why_case {
	const struct rules *rules;
	struct conf *conf;
	struct route *route;
	struct world *world;
	const struct verdict *verdict;
	const char *recipient; /* "<address>" */
};

/* witness_why(c, arena): "file:line: parameter: the step, or the list, that
 * decided", in ${arena}. */
const char *witness_why(const struct witness_why_case *c, struct arena *arena);

#endif

/* early.h - what stands before strangers are kept from relaying: for weir
 * check. */
#ifndef CLASSES_EARLY_H
#define CLASSES_EARLY_H

#include "classes/rules.h"

struct arena;
struct conf;

struct early {
	const struct rules *rules;
	struct conf *conf;
	enum rules_list which; /* the list that keeps strangers from relaying */
	const char *place;     /* of it, "file:line: name" */
	struct arena *arena;
	void (*say)(void *arg, const char *text);
	void *arg;
};

/*
 * early_review(e):
 * Advise on each restriction before the first that guards: tables that are
 * asked about what the client itself says, with the first entry that says OK;
 * tables of clients with an OK for a whole top-level domain or a network of
 * 2^24 addresses or more; other permits that strangers can arrange, also by
 * conditions.
 */
void early_review(const struct early *e);

/* early_parameters(e): the same of blocks in mynetworks, and of
 * allow_untrusted_routing. */
void early_parameters(const struct early *e);

#endif

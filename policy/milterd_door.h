/* milterd_door.h - one milter service of master.cf: what every door beside an MTA
 * has, and what the content of messages is looked at with. */
#ifndef POLICY_MILTERD_DOOR_H
#define POLICY_MILTERD_DOOR_H

#include <stdbool.h>

#include "classes/content_stack.h"

struct conf;
struct err;
struct master_service;
struct policy_door;

/* Immutable once open; any thread. */
struct milterd_door {
	struct policy_door *base;
	struct content_tables tables;
	const char *spool; /* where what is too large for memory goes */
	bool edits_headers, edits_body; /* tables may change them */
};

/* milterd_door_is(master): it is one, on a port or on a Unix socket. */
bool milterd_door_is(const struct master_service *master);

/*
 * milterd_door_open(master, conf, strict, err):
 * Open the service ${master} of the configuration ${conf}; both must outlive
 * it.  Mistakes are gathered in ${err}.  NULL: a parameter cannot be used, or
 * there is a mistake and ${strict}.
 */
struct milterd_door *milterd_door_open(const struct master_service *master,
    struct conf *conf, bool strict, struct err *err);
void milterd_door_close(struct milterd_door *door);

#endif

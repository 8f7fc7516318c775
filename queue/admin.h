/* admin.h - the commands' end: look at the queue and change it, by the queue
 * role or, while that is down, in its place.  Blocks. */
#ifndef QUEUE_ADMIN_H
#define QUEUE_ADMIN_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/schedule.h"

struct admin;
struct conf;
struct envelope;
struct err;

enum admin_state {
	ADMIN_INCOMING,
	ADMIN_ACTIVE,
	ADMIN_DEFERRED,
	ADMIN_HOLD,
};

/*
 * admin_open(socket, store, conf, err):
 * Connect to the queue role's admin socket at path ${socket}; if nobody
 * serves it, lock and open the store in directory ${store}.  NULL and why in
 * ${err}: neither is possible.
 */
struct admin *admin_open(
    const char *socket, const char *store, struct conf *conf, struct err *err);
/* admin_connect(socket, seconds, err): only to the role, which is given so long
 * for each answer; NULL and why. */
struct admin *
admin_connect(const char *socket, unsigned seconds, struct err *err);
void admin_close(struct admin *admin);

/* admin_is_alone(admin): the role is down; we have opened the store. */
bool admin_is_alone(const struct admin *admin);

/*
 * admin_list(admin, qid, entry, arg, err):
 * Call ${entry} for each message, oldest first, or for ${qid} (not NULL) only;
 * ${e} has no headers and no body.  1 done, 0 no such message, -1 failed.
 */
int admin_list(struct admin *admin, const char *qid,
    void (*entry)(void *arg, enum admin_state state, const struct envelope *e),
    void *arg, struct err *err);

/* admin_cat(admin, qid, entry, body, arg, err): the same for one message with
 * its content: ${entry} gets headers and an inline body, ${body} the pieces of
 * one in chunks. */
int admin_cat(struct admin *admin, const char *qid,
    void (*entry)(void *arg, enum admin_state state, const struct envelope *e),
    void (*body)(void *arg, const char *data, size_t n), void *arg,
    struct err *err);

struct admin_ids {
	const char *const *ids;
	size_t count;
};

/*
 * admin_change(admin, change, ids, made, arg, err):
 * Make the same change of several messages; ${made} is called for each, as it is
 * made: 1, or 0 if it does not apply.  0, or -1: failed or not allowed; some
 * may have been made.
 */
int admin_change(struct admin *admin, enum schedule_change change,
    const struct admin_ids *ids,
    void (*made)(void *arg, const char *qid, int outcome), void *arg,
    struct err *err);

/* admin_flush(admin, site, err): as schedule_flush().  Needs the role: nothing
 * is delivered without it. */
int admin_flush(struct admin *admin, const char *site, struct err *err);

#endif

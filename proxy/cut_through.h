/* cut_through.h - messages that are handed to their next hop while the client
 * waits, and never come to the queue (weir_cut_through).
 *
 * The client is told 250 when the next hop has said so, or when the message is
 * stored; whatever else happens on the way, it is then stored. */
#ifndef PROXY_CUT_THROUGH_H
#define PROXY_CUT_THROUGH_H

#include <stdbool.h>

struct session;

/* cut_through_prepare(s): content follows: hold its body, if it may be for
 * this. */
void cut_through_prepare(struct session *s);

/*
 * cut_through_begin(s):
 * The message is whole, mail->envelope is ready, and so is its body in
 * mail->held: one next hop is to have all of it, and it may be tried now.  Then,
 * by a worker, cut_through_run(s), which blocks until weir_cut_through_timeout:
 * either it replies, and mail->envelope is NULL, as after intake_finish(), or
 * the recipients that are left in it are for the queue.  Then, by the loop
 * again, cut_through_end(s).
 */
bool cut_through_begin(struct session *s);
void cut_through_run(struct session *s);
void cut_through_end(struct session *s);

#endif

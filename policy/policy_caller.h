/* policy_caller.h - one connection of somebody who asks for policy.
 *
 * It belongs to its loop, which reads requests and answers them as they come,
 * many at once if they do; one that may block is answered by a worker, which
 * has the connection until then. */
#ifndef POLICY_POLICY_CALLER_H
#define POLICY_POLICY_CALLER_H

struct net_addr;
struct policy_caller;
struct policy_hall;

/* policy_caller_new(hall, place, fd, addr): somebody at ${addr} has connected
 * by ${fd}, which is taken over, to service number ${place}.  By the loop; it
 * frees itself. */
void policy_caller_new(struct policy_hall *hall, unsigned place, int fd,
    const struct net_addr *addr);

/* policy_caller_drain(hall): no more requests: who is in none is let go, the
 * others after the answer.  policy_caller_cut(hall): all of them, but for one
 * that a worker has, which goes when that is done.  When the last one has gone
 * the loop stops. */
void policy_caller_drain(struct policy_hall *hall);
void policy_caller_cut(struct policy_hall *hall);

#endif

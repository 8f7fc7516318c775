/* policy_entry.h - a listening socket of a policy service, in one loop. */
#ifndef POLICY_POLICY_ENTRY_H
#define POLICY_POLICY_ENTRY_H

#include <stdbool.h>

struct policy_entry;
struct policy_hall;

/* policy_entry_open(hall, fd, place, share): accept callers of service number
 * ${place} of the hall; ${share}: other loops listen on the same socket.
 * policy_entry_close(entry): accept no more; ${fd} stays open. */
struct policy_entry *
policy_entry_open(struct policy_hall *hall, int fd, unsigned place, bool share);
void policy_entry_close(struct policy_entry *entry);

#endif

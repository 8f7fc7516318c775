/* peer.h - what the client is called. */
#ifndef CHECKS_PEER_H
#define CHECKS_PEER_H

#include <stdbool.h>

struct subject;

/* peer_blocks(subject): peer_find() would have to ask the DNS. */
bool peer_blocks(const struct subject *subject);

/*
 * peer_find(subject):
 * From subject->client, find the client's names: in the hosts file, or else by
 * its PTR record, which counts only if one of the name's addresses is the
 * client's.  Sets client_name, reverse_name and their statuses, in the
 * subject's arena; logs a name that does not lead back.  May block until the
 * resolver's deadline.
 * peer_skip(subject): do not look (smtpd_peername_lookup = no).
 */
void peer_find(struct subject *subject);
void peer_skip(struct subject *subject);

#endif

/* smtp_greet.h - how a conversation with an SMTP or LMTP server begins: its
 * greeting, EHLO, STARTTLS. */
#ifndef DELIVERY_SMTP_GREET_H
#define DELIVERY_SMTP_GREET_H

#include <stdbool.h>

struct arena;
struct smtp_session;
struct smtp_why;

/*
 * smtp_greet(session, nexthop, tls, arena, why):
 * Read the greeting, introduce ourselves and, if ${tls}, start TLS as the
 * settings demand.  Blocks within their limits.  False: the server will not
 * talk to us, or is ourselves and the best for ${nexthop}, and why.
 */
bool smtp_greet(struct smtp_session *session, const char *nexthop, bool tls,
    struct arena *arena, struct smtp_why *why);

#endif

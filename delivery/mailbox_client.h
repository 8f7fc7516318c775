/* mailbox_client.h - have the local role write a mailbox. */
#ifndef DELIVERY_MAILBOX_CLIENT_H
#define DELIVERY_MAILBOX_CLIENT_H

#include <stddef.h>

struct delivery;
struct mailbox;

/*
 * mailbox_client_deliver(d, rcpt, mailbox, relay):
 * Complete ${mailbox} with what every agent does alike (header lines, names,
 * size, locks' patience), send it with the message, and decide recipient
 * ${rcpt} by the answer.  A Delivered-To: header that names the recipient
 * already is a loop.  ${relay}: for the log.
 */
void mailbox_client_deliver(struct delivery *d, size_t rcpt,
    struct mailbox *mailbox, const char *relay);

#endif

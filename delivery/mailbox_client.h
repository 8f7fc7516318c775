/* mailbox_client.h - have the local role write a mailbox. */
#ifndef DELIVERY_MAILBOX_CLIENT_H
#define DELIVERY_MAILBOX_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct delivery;
struct delivery_end;
struct mailbox;

/*
 * mailbox_client_deliver(d, rcpt, mailbox, relay):
 * Complete ${mailbox} with what every agent does alike (header lines, names,
 * size, locks' patience), send it with the message, and decide recipient
 * ${rcpt} by the answer.  ${relay}: for the log.
 */
void mailbox_client_deliver(struct delivery *d, size_t rcpt,
    struct mailbox *mailbox, const char *relay);

/* mailbox_client_write(d, rcpt, mailbox, delivered, end): the same, but with
 * ${delivered} (an address; NULL: none) in the Delivered-To: header, and
 * end->text, if not NULL, as the text of success. */
void mailbox_client_write(struct delivery *d, size_t rcpt,
    struct mailbox *mailbox, const char *delivered, struct delivery_end *end);

/* mailbox_client_loops(d, rcpt, relay): a Delivered-To: header says that
 * recipient ${rcpt} has had the message already; then it is decided. */
bool mailbox_client_loops(struct delivery *d, size_t rcpt, const char *relay);

#endif

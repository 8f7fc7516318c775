/* local_client.h - ask the local role for a delivery: one connection, a frame
 * that says what is wanted, the message, and an answer. */
#ifndef DELIVERY_LOCAL_CLIENT_H
#define DELIVERY_LOCAL_CLIENT_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct delivery;
struct delivery_end;
struct err;
struct frame;
struct job_rcpt;
struct mailbox_answer;

/* local_client_size(d, err): the octets of message that follow the frame; 0 and
 * the reason if the store cannot be read. */
uint64_t local_client_size(struct delivery *d, struct err *err);

/*
 * local_client_ask(d, request, patience, answer, err):
 * Send the frame in ${request} and the message, and wait for the answer, for
 * ${patience} nanoseconds in all.  0; -1 and the reason: it is not known what
 * became of it.
 */
int local_client_ask(struct delivery *d, const struct buf *request,
    int64_t patience, struct mailbox_answer *answer, struct err *err);

/* local_client_call(d, request, patience, frame, err): the same for a request
 * that no message follows; the answer is the frame, in the arena of ${d}. */
int local_client_call(struct delivery *d, const struct buf *request,
    int64_t patience, struct frame *frame, struct err *err);

/*
 * local_client_decide(d, first, last, end, answer, err):
 * The answer, or if ${err} has a reason that there is none, decides recipients
 * ${first} to ${last} - 1; ${end} has what the answer does not say (relay,
 * report).
 */
void local_client_decide(struct delivery *d, size_t first, size_t last,
    struct delivery_end *end, const struct mailbox_answer *answer,
    const struct err *err);

/* Header lines that a delivery puts in front, LF, and the line in front of
 * those in a mailbox file, without its end. */
const char *local_client_return_path(const struct delivery *d);
const char *
local_client_original_to(const struct delivery *d, const struct job_rcpt *rcpt);
const char *
local_client_delivered_to(const struct delivery *d, const char *address);
const char *local_client_from(const struct delivery *d);

#endif

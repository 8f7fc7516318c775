/* answers.h - what a client is told at the end of a message.
 *
 * To most clients that is one reply.  In LMTP (RFC 2033), and to a client that
 * has said MAIL ... PRDR, it is one for each recipient that RCPT has accepted, in
 * that order; duplicates, too.  Most of what can be said is about the message
 * and so is the same for all of them: refusals by end-of-data restrictions,
 * content checks, milters and filters, and what the queue says.
 *
 * A recipient may refuse the message for itself: whoever judges for recipients
 * sets mail->rcpts[i].answer by answers_set(), logs that, and does so before the
 * recipients of the envelope are made (recipients_fill(); in intake_finish(),
 * once the message is whole and nothing speaks against it as such).  A refusal
 * there (4NN, 5NN) is only allowed if answers_each(): the recipient is then not
 * in the envelope, and if all refuse nothing is stored.  A 2NN is told in place
 * of ours once the message is durable, and changes nothing else.
 *
 * A 5NN about the message is told to all; a recipient's own refusal stands
 * against everything else. */
#ifndef PROXY_ANSWERS_H
#define PROXY_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

struct mail;
struct mail_rcpt;
struct session;

/* answers_each(s): the transaction under way ends with a reply for each
 * recipient. */
bool answers_each(const struct session *s);

/* answers_set(mail, i, reply): recipient number ${i} of the client's answers
 * ${reply}, "NNN d.d.d words", which is copied.  NULL: as the message. */
void answers_set(struct mail *mail, size_t i, const char *reply);

/* answers_refuses(rcpt): it has an answer of its own that refuses. */
bool answers_refuses(const struct mail_rcpt *rcpt);

/* answers_settle(s): there are no more answers to come from recipients; their
 * refusals are made ready, which may block like other replies.  False: all
 * refuse. */
bool answers_settle(struct session *s);

/*
 * answers_give(s, reply):
 * The end of the message is answered: ${reply}, "NNN d.d.d words", is what is
 * said about the message.  NULL: nothing, as answers_settle() was false.  For
 * PRDR the replies are preceded by 353 and followed by one for the whole
 * message.
 */
void answers_give(struct session *s, const char *reply);

#endif

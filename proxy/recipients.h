/* recipients.h - whom a message goes to in the end. */
#ifndef PROXY_RECIPIENTS_H
#define PROXY_RECIPIENTS_H

struct envelope;
struct session;

/*
 * recipients_fill(s, envelope):
 * Set the sender and the recipients of ${envelope} from the session's
 * transaction: completed, canonical and virtual alias maps applied, redirected
 * or copied by effects, edited by milters, without duplicates and without those
 * that refuse it (answers.h), resolved for the first attempt.
 * NULL; or the reply with which the message cannot be taken now: a table could
 * not be asked, or aliases have no end.
 */
const char *recipients_fill(struct session *s, struct envelope *envelope);

#endif

/* recipient_outcome.h - what becomes of a message for each of its recipients, whose
 * classes may judge it differently (recipient_content.h).
 *
 * Where each recipient has a reply of its own (answers.h), the client is told.
 * Elsewhere there is one reply: the message is refused if all recipients refuse
 * it, and put off if one of them cannot say, as that is no refusal.  Otherwise it
 * is taken, and with those who refuse it happens what main.cf says. */
#ifndef PROXY_RECIPIENT_OUTCOME_H
#define PROXY_RECIPIENT_OUTCOME_H

#include <stdbool.h>

struct session;

/*
 * recipient_outcome_refuse(s, reply):
 * The message is whole, and its content has nothing against it as such: set
 * mail->rcpts[].verdict, and answers where each has its own.  True: nobody is to
 * have it now; *reply is for the client, or NULL: each recipient has its answer.
 * Refusals are logged.
 */
bool recipient_outcome_refuse(struct session *s, const char **reply);

/* recipient_outcome_apply(s): nothing else speaks against the message: settle what
 * becomes of those who refuse what others take, in mail->rcpts[].verdict.
 * recipient_outcome_tell(s): so it is: log what is not delivered as it came. */
void recipient_outcome_apply(struct session *s);
void recipient_outcome_tell(struct session *s);

#endif

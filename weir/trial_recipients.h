/* trial_recipients.h - which restriction classes the recipients of a tried message
 * come to: the restriction lists are evaluated for them, as a server does. */
#ifndef WEIR_TRIAL_RECIPIENTS_H
#define WEIR_TRIAL_RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct err;
struct message_trial;
struct subject;

struct trial_recipients {
	const char **list; /* malloc'd */
	size_t count;
};

/* trial_recipients_put(r, address): one more; it stays the caller's. */
void trial_recipients_put(struct trial_recipients *r, const char *address);
void trial_recipients_free(struct trial_recipients *r);

/*
 * trial_recipients_judge(r, conf, subject, trial, err):
 * Evaluate the lists of ${conf} for mail of ${subject} to each of them, and add
 * those that are accepted to ${trial}, with their classes; what is said about
 * the others goes to stderr.  If no class has content checks nothing is
 * evaluated, and all are.  The result: all were accepted.  Mistakes of the configuration are in ${err}.
 */
bool trial_recipients_judge(const struct trial_recipients *r, struct conf *conf,
    const struct subject *subject, struct message_trial *trial,
    struct err *err);

#endif

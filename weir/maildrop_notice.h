/* maildrop_notice.h - mail to a user whose letter from the maildrop was
 * refused. */
#ifndef WEIR_MAILDROP_NOTICE_H
#define WEIR_MAILDROP_NOTICE_H

#include <stdbool.h>

struct letter;

/* What it is about. */
struct maildrop_notice {
	const char *user; /* who has sent it, and is told */
	const char *host; /* of this mail system */
	const char *why;  /* it was refused */
};

/* maildrop_notice_send(notice, letter, service): tell of ${letter}, of which it
 * quotes the beginning.  True: the service at ${service} has taken it.  Blocks
 * as letter_send(). */
bool maildrop_notice_send(const struct maildrop_notice *notice,
    const struct letter *letter, const char *service);

#endif

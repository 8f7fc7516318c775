/* milter_hook.h - where a session asks its milters, and what becomes of their
 * answers: log lines, and effects on the message. */
#ifndef PROXY_MILTER_HOOK_H
#define PROXY_MILTER_HOOK_H

#include <stdbool.h>

struct session;

/*
 * Each is to be called when all else has passed, and returns NULL: go on, or
 * the reply that refuses, for session_reply(); that is logged then.  All may
 * block if milter_hook_blocks(), except milter_hook_standing().
 */

/* A client has connected: who its milters are, and what they say to it.
 * milter_hook_disconnect(s): before that, those of an earlier client go. */
const char *milter_hook_connect(struct session *s);
void milter_hook_disconnect(struct session *s);
const char *milter_hook_helo(struct session *s);
const char *milter_hook_mail(struct session *s);
/* ${refusal}: it is refused anyway, with that, and this only tells those who
 * want to know; or NULL. */
const char *milter_hook_rcpt(struct session *s, const char *refusal);
const char *milter_hook_data(struct session *s);
const char *milter_hook_unknown(struct session *s);
/* The message is whole. */
const char *milter_hook_end(struct session *s);

/* milter_hook_standing(s): for commands that milters are not told of: what one
 * has said for good to this client; or NULL. */
const char *milter_hook_standing(struct session *s);

/* milter_hook_blocks(s): this client has milters. */
bool milter_hook_blocks(const struct session *s);

#endif

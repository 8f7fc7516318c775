/* smtp_xforward.h - tell a content filter who the original client was
 * (XFORWARD_README). */
#ifndef DELIVERY_SMTP_XFORWARD_H
#define DELIVERY_SMTP_XFORWARD_H

#include <stdbool.h>

struct arena;
struct envelope;
struct smtp_session;
struct smtp_why;

/* smtp_xforward_parse(words): the set of attributes that the server takes, from
 * its line of the EHLO reply ("NAME ADDR ..."). */
unsigned smtp_xforward_parse(const char *words);

/* smtp_xforward_send(session, envelope, arena, why): send them.  A server that
 * refuses is warned about, no more.  False: the session is broken. */
bool smtp_xforward_send(struct smtp_session *session,
    const struct envelope *envelope, struct arena *arena, struct smtp_why *why);

#endif

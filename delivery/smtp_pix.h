/* smtp_pix.h - firewalls of old that look into SMTP and spoil it: the greeting is
 * blotted out, EHLO is not understood, and the end of a message is missed if it
 * comes with the rest (postconf(5), smtp_pix_workarounds). */
#ifndef DELIVERY_SMTP_PIX_H
#define DELIVERY_SMTP_PIX_H

#include <stdbool.h>

struct arena;
struct smtp_session;
struct smtp_why;

/* smtp_pix_detect(session, arena, why): look at the greeting, which has just been
 * read, and decide what is to be done (session->no_ehlo, delay_dot).  False: a
 * table cannot be asked, and ${why}; the session is broken.  May block. */
bool smtp_pix_detect(
    struct smtp_session *session, struct arena *arena, struct smtp_why *why);

/* smtp_pix_rest(session): the pause between a message, which has been sent, and its
 * end, if there is to be one. */
void smtp_pix_rest(struct smtp_session *session);

#endif

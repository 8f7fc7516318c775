/* smtp_ehlo.h - what a server says it can do. */
#ifndef DELIVERY_SMTP_EHLO_H
#define DELIVERY_SMTP_EHLO_H

#include <stdbool.h>

struct arena;
struct smtp_session;
struct smtp_why;

/* smtp_ehlo_parse(session, arena, why): set session->features and size_limit from
 * the reply to EHLO or LHLO, without what is to be overlooked.  False: a table
 * that says what cannot be asked; ${why}, and the session is broken.  May
 * block. */
bool smtp_ehlo_parse(
    struct smtp_session *session, struct arena *arena, struct smtp_why *why);

#endif

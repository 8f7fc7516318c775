/* smtp_ehlo.h - what a server says it can do. */
#ifndef DELIVERY_SMTP_EHLO_H
#define DELIVERY_SMTP_EHLO_H

struct arena;
struct smtp_session;

/* smtp_ehlo_parse(session, arena): set session->features and size_limit from
 * the reply to EHLO or LHLO, without what is to be overlooked. */
void smtp_ehlo_parse(struct smtp_session *session, struct arena *arena);

#endif

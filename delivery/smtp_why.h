/* smtp_why.h - why a server did not take a message. */
#ifndef DELIVERY_SMTP_WHY_H
#define DELIVERY_SMTP_WHY_H

#include <stdbool.h>

struct arena;
struct smtp_reply;

/* Zero-initialised: no reason.  Texts live in the delivery's arena. */
struct smtp_why {
	const char *dsn; /* class 5: for good, 4: for now; NULL: no reason */
	const char *text;
	const char *remote;     /* Remote-MTA; NULL: we found out ourselves */
	const char *diagnostic; /* Diagnostic-Code; NULL: none */
};

/* smtp_why_set(why, arena, dsn, format, ...): our own words. */
void smtp_why_set(struct smtp_why *why, struct arena *arena, const char *dsn,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* smtp_why_reply(why, arena, host, reply, prefix, suffix): the server ${host}
 * has answered ${reply}, which is quoted between ${prefix} and ${suffix}. */
void smtp_why_reply(struct smtp_why *why, struct arena *arena, const char *host,
    const struct smtp_reply *reply, const char *prefix, const char *suffix);

/* smtp_why_hard(why): it will not help to try again. */
bool smtp_why_hard(const struct smtp_why *why);

/* smtp_why_soften(why, arena): try again all the same. */
void smtp_why_soften(struct smtp_why *why, struct arena *arena);

#endif

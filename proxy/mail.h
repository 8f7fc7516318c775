/* mail.h - one mail transaction: from MAIL to the acknowledgement. */
#ifndef PROXY_MAIL_H
#define PROXY_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/effect.h"
#include "proxy/message.h"

struct arena;
struct envelope;
struct session;
struct submission;

struct mail_rcpt {
	const char *address; /* internal form, as the client wrote it */
	const char *orcpt;   /* "" */
	unsigned notify;
};

/* Belongs to the session; it and its texts are in its arena. */
struct mail {
	struct session *session;
	struct arena *arena;
	int64_t arrival; /* wall clock */
	const char *sender, *envid;
	char ret;
	bool utf8, eight_bit;
	struct mail_rcpt *rcpts;
	size_t nrcpts, room;
	struct effect *effects, **effects_end;

	struct message message;
	struct buf text;           /* decoded, for the content stages */
	bool whole;                /* the end of the message has come */
	struct envelope *envelope; /* made by intake_finish() */
	struct submission *submission;
	bool discard; /* answered 250 and forgotten */
};

/* mail_new(s, sender): begin a transaction of session ${s}; ${sender} is
 * copied. */
struct mail *mail_new(struct session *s, const char *sender);

/* mail_free(mail): also takes back what the queue was given, if that was not
 * committed. */
void mail_free(struct mail *mail);

/* mail_add_rcpt(mail, rcpt), mail_add_effect(mail, effect): copied. */
void mail_add_rcpt(struct mail *mail, const struct mail_rcpt *rcpt);
void mail_add_effect(struct mail *mail, const struct effect *effect);

#endif

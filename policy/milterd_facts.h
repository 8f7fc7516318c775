/* milterd_facts.h - what an MTA tells a milter, as the facts that restrictions
 * look at. */
#ifndef POLICY_MILTERD_FACTS_H
#define POLICY_MILTERD_FACTS_H

#include <stdbool.h>

struct arena;
struct sockaddr;
struct subject;

/* Whom macros are asked of: the value of ${name}, or NULL; the text is good until
 * the next command. */
struct milterd_macros {
	const char *(*get)(void *arg, const char *name);
	void *arg;
};

/* The macros that we want to be told, from the stage on that they are known. */
extern const char milterd_facts_connect[], milterd_facts_helo[],
    milterd_facts_mail[], milterd_facts_rcpt[];

/*
 * milterd_facts_client(subject, macros, name, address, arena):
 * A client has connected: ${name}, as it is given, "unknown" or [address] if
 * there is none, and ${address}; NULL: a program on the MTA's machine.  Texts
 * are copied to ${arena}, without control characters, as in all that follows.
 */
void milterd_facts_client(struct subject *subject,
    const struct milterd_macros *macros, const char *name,
    const struct sockaddr *address, struct arena *arena);

/* milterd_facts_tls(subject, macros, arena): with each greeting. */
void milterd_facts_tls(struct subject *subject,
    const struct milterd_macros *macros, struct arena *arena);

/* milterd_facts_mail_from(subject, macros, words, arena): MAIL, with its
 * parameters; ${words} is ended by NULL. */
void milterd_facts_mail_from(struct subject *subject,
    const struct milterd_macros *macros, char **words, struct arena *arena);

/* milterd_facts_queue_id(subject, macros, arena): as soon as it is known. */
void milterd_facts_queue_id(struct subject *subject,
    const struct milterd_macros *macros, struct arena *arena);

/* milterd_facts_address(arena, text): as restrictions see an address that an MTA
 * sends: "<a@b>" is a@b. */
const char *milterd_facts_address(struct arena *arena, const char *text);

/* milterd_facts_text(arena, text): a copy without control characters. */
char *milterd_facts_text(struct arena *arena, const char *text);

#endif

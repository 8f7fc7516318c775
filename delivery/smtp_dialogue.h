/* smtp_dialogue.h - what is said with a server, for the postmaster, if it goes
 * wrong in a way that notify_classes names (weir_notices(7)). */
#ifndef DELIVERY_SMTP_DIALOGUE_H
#define DELIVERY_SMTP_DIALOGUE_H

#include <stdbool.h>
#include <stddef.h>

struct transcript;
struct transcript_notice;
struct transcript_site;

struct smtp_dialogue {
	const struct transcript_site *site;
	struct transcript *transcript; /* NULL: nobody is told of it */
	unsigned blamed;               /* enum transcript_class */
};

/* smtp_dialogue_begin(d, site): as ${site} has it, which stays; nothing is kept
 * that could not be told.  smtp_dialogue_end(d): forget it. */
void smtp_dialogue_begin(
    struct smtp_dialogue *d, const struct transcript_site *site);
void smtp_dialogue_end(struct smtp_dialogue *d);

/* smtp_dialogue_in(d, line, n): the server has said that line.
 * smtp_dialogue_replaced(d, line, n): it is taken for that one.
 * smtp_dialogue_out(d, command): it is told that. */
void smtp_dialogue_in(struct smtp_dialogue *d, const char *line, size_t n);
void
smtp_dialogue_replaced(struct smtp_dialogue *d, const char *line, size_t n);
void smtp_dialogue_out(struct smtp_dialogue *d, const char *command);

/* smtp_dialogue_blame(d, class): something of that class (enum
 * transcript_class) went wrong.
 * smtp_dialogue_failed(d, code): mail fails for a reply with that code: a matter
 * of protocol, if it is one that says so, or none that a failure has. */
void smtp_dialogue_blame(struct smtp_dialogue *d, unsigned class);
void smtp_dialogue_failed(struct smtp_dialogue *d, unsigned code);

/*
 * smtp_dialogue_tell(d, lmtp, relay, sender):
 * What there is to tell of the dialogue with ${relay} ("host[address]:port") about
 * mail from ${sender}, which the caller sends or frees; NULL: nothing.  Mail that
 * is a notice itself is not told of.  The dialogue starts anew.
 */
struct transcript_notice *smtp_dialogue_tell(
    struct smtp_dialogue *d, bool lmtp, const char *relay, const char *sender);

#endif

/* smtputf8.h - who must ask for SMTPUTF8 (RFC 6531). */
#ifndef PROXY_SMTPUTF8_H
#define PROXY_SMTPUTF8_H

#include <stdbool.h>

struct envelope;
struct session;

/* smtputf8_is_word(s, word): is it the parameter SMTPUTF8, to a client that may
 * use it? */
bool smtputf8_is_word(const struct session *s, const char *word);

/* smtputf8_refusal(s, asked, address): NULL, or what a client is told that
 * names an address which is not ASCII without having ${asked} for SMTPUTF8,
 * where strict_smtputf8 demands it. */
const char *
smtputf8_refusal(const struct session *s, bool asked, const char *address);

/* smtputf8_detect(s, envelope): the envelope and its headers are whole; ask for
 * SMTPUTF8 if they need it, and smtputf8_autodetect_classes has such mail. */
void smtputf8_detect(const struct session *s, struct envelope *envelope);

#endif

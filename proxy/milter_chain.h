/* milter_chain.h - the milters of one SMTP session, asked one after the other. */
#ifndef PROXY_MILTER_CHAIN_H
#define PROXY_MILTER_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct milter_answer;
struct milter_chain;
struct milter_edit_list;
struct milter_peer;
struct session;

/* milter_chain_new(s): those for this client (smtpd_milter_maps,
 * smtpd_milters), not yet connected; NULL: there are none.  May block. */
struct milter_chain *milter_chain_new(struct session *s);

/* milter_chain_free(chain): part from all, without waiting; NULL is allowed.
 * milter_chain_abort(chain): no (more) message, likewise. */
void milter_chain_free(struct milter_chain *chain);
void milter_chain_abort(struct milter_chain *chain);

/* milter_chain_open(s): connect to all.  May block. */
void milter_chain_open(struct session *s);

/*
 * milter_chain_tell(s, command, data, refusal, answer):
 * Tell all of an event (SMFIC_*) until one refuses or discards; the answer is
 * the sum; its arena is set, and all else zero.  ${refusal}: for SMFIC_RCPT, the reply that it is refused with
 * anyway: only those who want to know are told, and what they say does not
 * count; or NULL.  May block.
 */
void milter_chain_tell(struct session *s, char command, const struct buf *data,
    const char *refusal, struct milter_answer *answer);

/* milter_chain_standing(chain, answer): what one has said for good about this
 * connection; false: nothing. */
bool milter_chain_standing(
    const struct milter_chain *chain, struct milter_answer *answer);

/* milter_chain_count(chain), milter_chain_peer(chain, i): one by one, which is
 * how content is shown to them.  milter_chain_tell_one(): tell that one. */
size_t milter_chain_count(const struct milter_chain *chain);
struct milter_peer *milter_chain_peer(struct milter_chain *chain, size_t i);
void milter_chain_tell_one(struct session *s, struct milter_peer *peer,
    char command, const struct buf *data, struct milter_edit_list *edits,
    struct milter_answer *answer);

#endif

/* postmaster.h - what the postmaster is told of sessions in which something has
 * gone wrong (notify_classes): the dialogue, without content and passwords. */
#ifndef PROXY_POSTMASTER_H
#define PROXY_POSTMASTER_H

#include <stddef.h>

#include "queue/transcript.h"

struct session;
struct transcript_notice;
struct verdict;

/* postmaster_begin(s): a session of a service that tells anything begins; of
 * others nothing is kept. */
void postmaster_begin(struct session *s);

/* postmaster_in(s, line, n): the client has said that.  postmaster_out(s, at): it is
 * told what stands in its output from ${at} on. */
void postmaster_in(struct session *s, const char *line, size_t n);
void postmaster_out(struct session *s, size_t at);

/* postmaster_blame(s, class): something of that class (enum
 * transcript_class) went wrong; nothing is of the delivery of notices, so
 * that they do not breed.
 * postmaster_judged(s, verdict): what it does not let pass, or warns of.
 * postmaster_forgive(s): a message was taken after all. */
void postmaster_blame(struct session *s, unsigned class);
void postmaster_judged(struct session *s, const struct verdict *verdict);
void postmaster_forgive(struct session *s);

/* postmaster_break(s): between two messages: if much has been said, it is told, or
 * forgotten.  postmaster_over(s): the session has ended. */
void postmaster_break(struct session *s);
void postmaster_over(struct session *s);

/* postmaster_take(s, notices): these, which are about other sessions, are to be sent
 * with those of ${s}. */
void postmaster_take(struct session *s, struct transcript_notice *notices);

/* postmaster_send(s): give the queue what is to be told.  The loop only, which
 * stays until the queue has answered.  postmaster_end(s): forget the rest. */
void postmaster_send(struct session *s);
void postmaster_end(struct session *s);

#endif

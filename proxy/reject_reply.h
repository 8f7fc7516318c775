/* reject_reply.h - what becomes of a reply before the client is told it:
 * smtpd_reject_filter_maps, soft_bounce, smtpd_reject_footer(_maps). */
#ifndef PROXY_REJECT_REPLY_H
#define PROXY_REJECT_REPLY_H

#include <stdbool.h>

struct buf;
struct smtp_service;
struct subject;

/*
 * reject_reply_put(service, subject, may_block, text, out):
 * Append the reply ${text} (reply.h) to ${out}; if it is one of 4NN or 5NN,
 * as the filter, soft_bounce and the footer make it.  The code that the client
 * is told.  Texts that are needed meanwhile live in the subject's arena.
 * Without ${may_block} tables that may block are left out: a loop says little
 * by itself (time is up, the server shuts down), and never waits.
 */
int reject_reply_put(const struct smtp_service *service,
    const struct subject *subject, bool may_block, const char *text,
    struct buf *out);

#endif

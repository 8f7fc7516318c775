/* spf_frame.h - questions about policies, and their answers, on the socket of
 * the role that evaluates them: a frame (base/frame.h) for each. */
#ifndef CHECKS_SPF_FRAME_H
#define CHECKS_SPF_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/spf_terms.h"

struct arena;
struct buf;

/* The types of frames, and how long a question may be: 256 answers of a
 * datagram's size would be more, and those who ask keep below it. */
enum { SPF_FRAME_QUERY = 1, SPF_FRAME_REPLY = 2, SPF_FRAME_MOST = 1 << 20 };

/* spf_frame_put_query(out, query), spf_frame_put_reply(out, reply): append a
 * whole frame. */
void spf_frame_put_query(struct buf *out, const struct spf_query *query);
void spf_frame_put_reply(struct buf *out, const struct spf_reply *reply);

/* spf_frame_query(body, len, arena, query), spf_frame_reply(): read a body;
 * octets of facts point into it, the rest is in ${arena}.  False: it is none,
 * or more than is allowed. */
bool spf_frame_query(
    const char *body, size_t len, struct arena *arena, struct spf_query *query);
bool spf_frame_reply(
    const char *body, size_t len, struct arena *arena, struct spf_reply *reply);

#endif

/* intake.h - from the first accepted recipient to the queue's acknowledgement:
 * the one way in, and the one place where effects are applied. */
#ifndef PROXY_INTAKE_H
#define PROXY_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

struct session;

/* intake_begin(s): content follows (354 was said), or the first chunk of it. */
void intake_begin(struct session *s);

/*
 * Content as it came from the client goes through three steps, in turn:
 * intake_decode(s, data, n, used): the loop finds the end of the message; *used
 * octets were taken.  True: that was the end.  intake_wants(s): it takes some;
 * otherwise what follows is no content (BDAT), and there may be none to decode.
 * intake_look(s): the content stages look at what was decoded; may block if
 * intake_look_blocks().
 * intake_pass(s): the loop hands body text to the queue; while s->choked,
 * nothing more should be read.
 * intake_chunk(s): if that was all of a chunk, and not the end, the client is
 * told so, and may speak again.
 */
bool intake_decode(struct session *s, const char *data, size_t n, size_t *used);
void intake_look(struct session *s);
bool intake_look_blocks(const struct session *s);
void intake_pass(struct session *s);
bool intake_wants(const struct session *s);
bool intake_chunk(struct session *s);

/*
 * intake_finish(s):
 * The message is whole: the end-of-data restrictions, expansion and first
 * resolution of its recipients, its headers.  Replies if it is refused or
 * discarded; otherwise mail->envelope is ready.  intake_blocks(): that may
 * block.
 */
void intake_finish(struct session *s);
bool intake_blocks(const struct session *s);

/*
 * intake_replaces(s): a milter has replaced the body, and (a part of) the new
 * one is still to be handed to the queue.  In turn: intake_fetch(s), which may
 * block, gets the next piece of it, and intake_replace(s), by the loop only,
 * hands it over, instead of what came; while s->choked, wait.
 */
bool intake_replaces(const struct session *s);
void intake_fetch(struct session *s);
void intake_replace(struct session *s);

/* intake_commit(s): give mail->envelope to the queue; ${done} is called with
 * the session when it has replied.  The loop only. */
void intake_commit(struct session *s, void (*done)(struct session *s));

#endif

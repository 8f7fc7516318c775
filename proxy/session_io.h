/* session_io.h - what the loop does for a session: reading, writing, time. */
#ifndef PROXY_SESSION_IO_H
#define PROXY_SESSION_IO_H

#include <stdbool.h>

struct session;

/* session_io_start(s): the client is welcome to speak; the loop watches it. */
void session_io_start(struct session *s);

/*
 * session_io_drive(s):
 * Go on with ${s} as far as input, output and other parties allow, then park
 * it.  It may be over and gone afterwards.  The loop only, which must own it.
 */
void session_io_drive(struct session *s);

/* session_io_drain(s): the role is about to stop: an idle client is told so.
 * session_io_cut(s): end it now, unless a worker or the queue still has it. */
void session_io_drain(struct session *s);
void session_io_cut(struct session *s);

#endif

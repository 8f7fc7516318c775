/* queue_wire.h - frames over a Unix socket, on a loop: both ends of each
 * conversation with the queue role. */
#ifndef QUEUE_QUEUE_WIRE_H
#define QUEUE_QUEUE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/loop.h"

struct frame;

/* One end.  Lives in its owner; the callbacks get it back. */
struct queue_wire {
	struct loop *loop;
	struct loop_fd watch;
	struct loop_task flush;
	struct buf in;
	struct buf out; /* frames are appended here, then queue_wire_send() */
	size_t sent;    /* of ${out} */
	bool open, hung_up, again;
	bool gone;   /* the peer has closed: read to the end */
	bool missed; /* the peer, who lives, did not get all: hung up */
	/* A frame came. */
	void (*frame)(struct queue_wire *wire, const struct frame *frame);
	/* The peer is gone, or was hung up on; nothing more will come, the
	 * descriptor is closed.  The owner may free itself.  Only called from
	 * the loop, never from within queue_wire_*(). */
	void (*closed)(struct queue_wire *wire);
	/* Everything was written.  May be NULL. */
	void (*drained)(struct queue_wire *wire);
};

/* queue_wire_open(wire, loop, fd): begin; takes over ${fd}, which becomes
 * non-blocking.  The callbacks are set. */
void queue_wire_open(struct queue_wire *wire, struct loop *loop, int fd);

/* queue_wire_send(wire): what was appended to ${out} goes out at the end of
 * this turn, with one write if the peer takes it. */
void queue_wire_send(struct queue_wire *wire);

/* queue_wire_hang_up(wire): the peer talks nonsense; closed() follows. */
void queue_wire_hang_up(struct queue_wire *wire);

/* queue_wire_flush(wire): write what the peer takes now (at the end of a
 * process; otherwise the loop does it). */
void queue_wire_flush(struct queue_wire *wire);

/* queue_wire_close(wire): end it without calling closed(). */
void queue_wire_close(struct queue_wire *wire);

#endif

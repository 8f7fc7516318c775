/* queue_wire.c - see queue_wire.h. */
#include "queue/queue_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fatal.h"
#include "base/frame.h"

enum {
	READ_SIZE = 128 * 1024,
	READS = 16,            /* in one turn, so that others get theirs */
	KEEP_SIZE = 256 * 1024 /* a larger idle buffer is given back */
};

static struct queue_wire *
of_task(struct loop_task *task)
{
	return (struct queue_wire *)((char *)task -
	    offsetof(struct queue_wire, flush));
}

static void
shrink(struct buf *b)
{
	if (b->len == 0 && b->size > KEEP_SIZE)
		buf_free(b);
}

void
queue_wire_close(struct queue_wire *wire)
{
	if (!wire->open)
		return;
	wire->open = false;
	loop_undefer(wire->loop, &wire->flush);
	loop_close(wire->loop, &wire->watch);
	buf_free(&wire->in);
	buf_free(&wire->out);
}

static void
end(struct queue_wire *wire)
{
	queue_wire_close(wire);
	wire->closed(wire);
}

/* Hand over the whole frames that have come. */
static void
dispatch(struct queue_wire *wire)
{
	enum frame_status status = FRAME_ONE;
	struct frame frame;
	size_t at = 0, used;

	while (wire->open && !wire->hung_up) {
		status = frame_get(
		    wire->in.data + at, wire->in.len - at, &frame, &used);
		if (status != FRAME_ONE)
			break;
		at += used;
		wire->frame(wire, &frame);
	}
	if (status == FRAME_BAD)
		wire->hung_up = true;
	if (wire->open)
		buf_drop(&wire->in, at);
}

/* Read what there is.  False: the peer is gone. */
static bool
take(struct queue_wire *wire)
{
	for (int i = 0; wire->open && !wire->hung_up; i++) {
		char *to = buf_reserve(&wire->in, READ_SIZE);
		ssize_t n = recv(wire->watch.fd, to, READ_SIZE, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0)
			return false;
		buf_added(&wire->in, (size_t)n);
		dispatch(wire);
		/* A short read has emptied the socket. */
		if ((size_t)n < READ_SIZE && !wire->gone)
			return true;
		if (i == READS && wire->open) {
			/* Edge-triggered: come back for the rest. */
			wire->again = true;
			loop_defer(wire->loop, &wire->flush);
			break;
		}
	}
	return true;
}

static void
receive(struct queue_wire *wire)
{
	bool there = take(wire);

	if (!wire->open)
		return;
	if (!there || wire->hung_up)
		end(wire);
	else
		shrink(&wire->in);
}

void
queue_wire_flush(struct queue_wire *wire)
{
	while (wire->open && wire->sent < wire->out.len) {
		ssize_t n = send(wire->watch.fd, wire->out.data + wire->sent,
		    wire->out.len - wire->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			loop_watch_write(wire->loop, &wire->watch);
			break;
		}
		/* It has to come again, since it misses something now. */
		if (n < 0 && errno != EPIPE && errno != ECONNRESET) {
			wire->missed = true;
			queue_wire_hang_up(wire);
		}
		/* The peer is gone; what it said before is still to be read,
		 * and then says so. */
		wire->sent = n < 0 ? wire->out.len : wire->sent + (size_t)n;
	}
	if (wire->open && wire->sent == wire->out.len) {
		buf_reset(&wire->out);
		wire->sent = 0;
		shrink(&wire->out);
	}
}

static void
flush_and_tell(struct queue_wire *wire)
{
	bool some = wire->out.len > 0;

	queue_wire_flush(wire);
	if (some && wire->out.len == 0 && wire->drained != NULL)
		wire->drained(wire);
}

static void
run_flush(struct loop_task *task)
{
	struct queue_wire *wire = of_task(task);

	flush_and_tell(wire);
	if (!wire->open || !wire->again)
		return;
	wire->again = false;
	receive(wire);
}

static void
ready(struct loop_fd *watch, unsigned what)
{
	struct queue_wire *wire = (struct queue_wire *)((char *)watch -
	    offsetof(struct queue_wire, watch));

	if ((what & LOOP_HUP) != 0)
		wire->gone = true;
	if ((what & LOOP_WRITE) != 0)
		flush_and_tell(wire);
	if (wire->open && (what & LOOP_READ) != 0)
		receive(wire);
}

void
queue_wire_open(struct queue_wire *wire, struct loop *loop, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	must(!wire->open && wire->frame != NULL && wire->closed != NULL);
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	wire->loop = loop;
	wire->watch = (struct loop_fd){ .fd = fd, .ready = ready };
	wire->flush = (struct loop_task){ .run = run_flush };
	wire->sent = 0;
	wire->gone = wire->hung_up = wire->again = wire->missed = false;
	wire->open = true;
	loop_watch(loop, &wire->watch);
}

void
queue_wire_send(struct queue_wire *wire)
{
	if (wire->open)
		loop_defer(wire->loop, &wire->flush);
}

void
queue_wire_hang_up(struct queue_wire *wire)
{
	wire->hung_up = wire->again = true;
	if (wire->open)
		loop_defer(wire->loop, &wire->flush);
}

/* submit_frame.h - what a proxy and the queue role say to each other.  For
 * submit.c and submit_serve.c.  The id of a frame is the proxy's number of the
 * submission. */
#ifndef QUEUE_SUBMIT_FRAME_H
#define QUEUE_SUBMIT_FRAME_H

enum submit_frame {
	SUBMIT_FRAME_HELLO = 0x5301, /* proxy: the first frame */
	SUBMIT_FRAME_CHUNK,          /* proxy: the next chunk of the body */
	SUBMIT_FRAME_PART,   /* proxy: the next piece of a long record */
	SUBMIT_FRAME_COMMIT, /* proxy: the (rest of the) record; store it */
	SUBMIT_FRAME_CANCEL, /* proxy: forget what came */
	SUBMIT_FRAME_ASK,    /* proxy: is queue id (string) stored? */
	SUBMIT_FRAME_ANSWER, /* queue: to COMMIT and ASK; a store_result */
	SUBMIT_FRAME_TAKEN,  /* queue: so many octets of chunks were taken */
	SUBMIT_FRAME_LOOKS,  /* proxy: so many notices may pass intake here */
	SUBMIT_FRAME_LOOK, /* queue: this record is one; the id is the queue's */
	SUBMIT_FRAME_LOOKED, /* proxy: how it was found (schedule.h) */
	SUBMIT_FRAME_ROOM,   /* queue: the largest message it has room for */
};

enum {
	/* A body up to this size goes into the record. */
	SUBMIT_FRAME_INLINE = 64 * 1024,
	/* Sixteen pages of the store with its seal and LMDB's header. */
	SUBMIT_FRAME_CHUNK_SIZE = 64 * 1024 - 64,
	SUBMIT_FRAME_PART_SIZE = 256 * 1024,
	/* Octets of chunks on their way, for one connection. */
	SUBMIT_FRAME_WINDOW = 1024 * 1024,
	/* The longest record: an envelope with all its recipients, headers. */
	SUBMIT_FRAME_RECORD = 64 * 1024 * 1024,
};

#endif

/* admin_frame.h - what commands and the queue role say to each other.  For
 * admin.c and admin_serve.c. */
#ifndef QUEUE_ADMIN_FRAME_H
#define QUEUE_ADMIN_FRAME_H

enum admin_frame {
	ADMIN_FRAME_LIST = 0x4101, /* command: all messages, or (string) one */
	ADMIN_FRAME_CAT,           /* command: the content of (string) one */
	ADMIN_FRAME_CHANGE,        /* command: schedule_change, (string) id */
	ADMIN_FRAME_FLUSH,         /* command: (string) site, or "": all */
	ADMIN_FRAME_PART,          /* queue: the next piece of a long record */
	ADMIN_FRAME_ENTRY, /* queue: id: enum admin_state; the (rest of the)
			    * record, without headers and body in a list */
	ADMIN_FRAME_BODY,  /* queue: the next piece of a body in chunks */
	ADMIN_FRAME_END,   /* queue: id: that of the question; body: the
			    * outcome, as schedule_change()'s, or one of those
			    * below */
};

enum {
	ADMIN_FRAME_PIECE = 256 * 1024,
	ADMIN_FRAME_DENIED = 2, /* only root and the owner may */
	ADMIN_FRAME_FAILED = 3, /* -1 of schedule_change() */
	/* The user is not in authorized_mailq_users, _flush_users. */
	ADMIN_FRAME_NO_LIST = 4,
	ADMIN_FRAME_NO_FLUSH = 5,
};

#endif

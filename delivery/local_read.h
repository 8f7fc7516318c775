/* local_read.h - the deliver role asks the local role for the text of a user's
 * .forward file or of an :include: file: one connection, a frame with struct
 * local_read, and an answer with struct local_text. */
#ifndef DELIVERY_LOCAL_READ_H
#define DELIVERY_LOCAL_READ_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct frame;

enum { LOCAL_READ = 0x4d04, LOCAL_TEXT }; /* frames; see mailbox.h */

enum { LOCAL_READ_MOST = 4 * 1024 * 1024 }; /* octets of a file */

struct local_read {
	bool include; /* else a .forward file */
	/* As whom: the user whose .forward file it is.  Of an :include: file,
	 * "": its own owner, or where that is root, default_privs. */
	const char *user;
	const char *home;   /* must be there, unless it is "" */
	const char **paths; /* the first that is there counts */
	size_t npaths;
};

enum local_text_status {
	LOCAL_TEXT_READ,
	LOCAL_TEXT_NONE,    /* there is no such file */
	LOCAL_TEXT_REFUSED, /* it is not to be used: ${warning} */
	LOCAL_TEXT_LATER,   /* it cannot be read now: ${warning} */
	LOCAL_TEXT_NO_HOME, /* ${warning} */
};

struct local_text {
	enum local_text_status status;
	size_t path;         /* which one */
	const char *owner;   /* :include: of "": whose rights its text has; ""
			      * is default_privs */
	const char *warning; /* for the log; "" */
	const char *text;
};

/* local_read_print(), local_read_text_print(): append the frame.
 * local_read_parse(), local_read_text_parse(): false: malformed. */
void local_read_print(const struct local_read *r, struct buf *out);
bool local_read_parse(
    const struct frame *frame, struct arena *arena, struct local_read *r);
void local_read_text_print(const struct local_text *t, struct buf *out);
bool local_read_text_parse(
    const struct frame *frame, struct arena *arena, struct local_text *t);

#endif

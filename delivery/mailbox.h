/* mailbox.h - what the deliver role asks the local role to write, and how.
 *
 * One delivery is one connection: a frame with struct mailbox, then mailbox->
 * size octets of message with CRLF line ends; the answer is one frame with
 * struct mailbox_answer. */
#ifndef DELIVERY_MAILBOX_H
#define DELIVERY_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct frame;
struct stream;

enum mailbox_frame { MAILBOX_DELIVER = 0x4d01, MAILBOX_ANSWER };

enum mailbox_lock {
	MAILBOX_FLOCK = 1,
	MAILBOX_FCNTL = 2,
	MAILBOX_DOTLOCK = 4,
};

enum {
	MAILBOX_PATH = 4096,      /* octets of a path, at most */
	MAILBOX_HEAD = 64 * 1024, /* octets of the lines in front */
};

struct mailbox {
	/* The directory ${base} is opened as it is; below it no symbolic link
	 * is followed. */
	const char *base, *path;
	bool maildir; /* else a mailbox file */
	bool spool;   /* ${base} is shared by all users: files are made with the
		       * rights of its group */
	bool strict;  /* the file must belong to ${uid} */
	bool named;   /* a file that an alias names, no mailbox: it may lie
		       * where no lock file can be made */
	bool biff;    /* tell comsat of it, if it is a file and has a user */
	const char
	    *user; /* whose mailbox it is, for texts; "": a virtual one */
	uint32_t uid, gid;
	uint64_t limit;    /* octets of the file; 0: any */
	unsigned locks;    /* enum mailbox_lock */
	unsigned attempts; /* to get a lock */
	int64_t delay;     /* between them, ns */
	int64_t stale;     /* age of a forgotten lock file, ns */
	const char *name;  /* of the file in a Maildir; the same at a retry */
	const char *from;  /* the first line in a mailbox file */
	const char *head;  /* header lines in front of the message, LF */
	uint64_t size;     /* octets that follow */
};

enum mailbox_result {
	MAILBOX_DONE,
	MAILBOX_DEFER,
	MAILBOX_BOUNCE,
};

struct mailbox_answer {
	enum mailbox_result result;
	const char *dsn, *text;
	const char *warning;    /* for the log; "" */
	const char *diagnostic; /* Diagnostic-Code; NULL or "": none */
};

/* mailbox_print(m, out), mailbox_answer_print(a, out): append the frame.
 * mailbox_parse(frame, arena, m), mailbox_answer_parse(): false: malformed, or
 * not acceptable: root's identity, a path that leads upwards, an unsafe name. */
void mailbox_print(const struct mailbox *m, struct buf *out);
bool mailbox_parse(
    const struct frame *frame, struct arena *arena, struct mailbox *m);
void mailbox_answer_print(const struct mailbox_answer *a, struct buf *out);
bool mailbox_answer_parse(
    const struct frame *frame, struct arena *arena, struct mailbox_answer *a);

/* mailbox_safe_path(path): relative, not empty, and without empty, "." and ".."
 * components; a slash may end it. */
bool mailbox_safe_path(const char *path);

/* mailbox_locks(text, locks): parse "fcntl, dotlock". */
bool mailbox_locks(const char *text, unsigned *locks);

/* mailbox_write(m, in, arena, answer): write the message that comes over ${in},
 * with the rights that the process has now.  Nothing of it stays if it
 * fails. */
void mailbox_write(const struct mailbox *m, struct stream *in,
    struct arena *arena, struct mailbox_answer *answer);

#endif

/* letter.h - a message of a user on its way to a pickup service: the commands
 * that name its sender and recipients, and its content; in a file of the
 * maildrop, too. */
#ifndef WEIR_LETTER_H
#define WEIR_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct err;
struct spool;

/* Both are lines that end in <CR><LF>, as they are sent. */
struct letter {
	struct buf commands;   /* MAIL, RCPT ..., DATA */
	struct spool *content; /* with the dot that ends it */
};

/* What has become of one. */
enum letter_fate {
	LETTER_TAKEN,
	LETTER_REFUSED, /* for good */
	LETTER_BARRED,  /* this user may not submit mail */
	LETTER_LATER,   /* nobody could take it: try again */
};

enum { LETTER_TEXT = 1024 };

/* letter_sender(l, sender), letter_recipient(l, address, rest): append MAIL or
 * RCPT; addresses are in internal form.  What ${l} holds then are parameters,
 * for letter_parameter(l, name, text), which encodes ${text} as xtext; NULL: it
 * has no value.  letter_line(l): that was all of this line. */
void letter_sender(struct letter *l, const char *sender);
void letter_recipient(struct letter *l, const char *address);
void letter_parameter(struct letter *l, const char *name, const char *text);
void letter_line(struct letter *l);

/* letter_data(l): the last of the commands. */
void letter_data(struct letter *l);

/*
 * letter_read(l, fd, most, err):
 * Read one from a file, to its end; -1 and why: it is none, or larger than
 * ${most} octets.  l->content is empty before.
 */
int letter_read(struct letter *l, int fd, size_t most, struct err *err);

/* letter_write(l, fd, err): the other direction, to the disk. */
int letter_write(const struct letter *l, int fd, struct err *err);

/*
 * letter_send(l, path, text):
 * Give it to the pickup service at ${path}, for the user that this process is.
 * ${text}, of LETTER_TEXT octets: what was answered, without its code, or what
 * has failed.  Blocks, for minutes at the most.
 */
enum letter_fate
letter_send(const struct letter *l, const char *path, char *text);

/* letter_free(l): release what is in it. */
void letter_free(struct letter *l);

#endif

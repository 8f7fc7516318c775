/* sendmail_text.h - a message as a user gives it to sendmail(1): lines of any
 * system, which become content for a pickup service; and the recipients that
 * its headers name. */
#ifndef WEIR_SENDMAIL_TEXT_H
#define WEIR_SENDMAIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct arena;
struct err;
struct spool;

enum sendmail_text_cr {
	SENDMAIL_TEXT_KEEP,  /* <CR> at the end of a line is text */
	SENDMAIL_TEXT_DROP,  /* it is not */
	SENDMAIL_TEXT_FIRST, /* the first line tells */
};

/* Addresses in internal form. */
struct sendmail_text_list {
	const char **items;
	size_t count, room;
};

/* Set ${arena} to ${most}, and the rest to zero.  ${most_line} and
 * ${most_header} are more than zero. */
struct sendmail_text {
	struct arena *arena;
	struct spool *out; /* where the content goes */
	enum sendmail_text_cr cr;
	bool dot;         /* a line with only a dot is the end */
	bool addresses;   /* look for recipients */
	size_t most_line; /* octets that are looked at at once */
	size_t most_header;
	uint64_t most; /* octets; 0: no limit */

	/* Found. */
	struct sendmail_text_list recipients; /* To:, Cc:, Bcc: */
	struct sendmail_text_list resent;     /* Resent-To: ... */

	/* Its own. */
	struct buf line, header;
	uint64_t size;
	bool begun;     /* a line that is none of a mailbox was there */
	bool in_body;   /* as far as recipients go */
	bool continued; /* this is not the beginning of a line */
	bool ended;
};

enum sendmail_text_status {
	SENDMAIL_TEXT_MORE,
	SENDMAIL_TEXT_END, /* the dot: nothing more is read */
	SENDMAIL_TEXT_LARGE,
	SENDMAIL_TEXT_FAILED, /* it could not be kept */
};

/* sendmail_text_take(t, data, n, err): more of it. */
enum sendmail_text_status sendmail_text_take(
    struct sendmail_text *t, const char *data, size_t n, struct err *err);

/* sendmail_text_finish(t, err): that was all; the final dot is appended. */
enum sendmail_text_status
sendmail_text_finish(struct sendmail_text *t, struct err *err);

/* sendmail_text_add(arena, address, list): append one, in internal form.
 * sendmail_text_addresses(): all that ${text} has, which is written as in a
 * header. */
void sendmail_text_add(
    struct arena *arena, const char *address, struct sendmail_text_list *list);
void sendmail_text_addresses(
    struct arena *arena, const char *text, struct sendmail_text_list *list);

/* sendmail_text_free(t): but for what is in the arena. */
void sendmail_text_free(struct sendmail_text *t);

#endif

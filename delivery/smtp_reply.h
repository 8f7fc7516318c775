/* smtp_reply.h - what an SMTP server answered, which may be anything. */
#ifndef DELIVERY_SMTP_REPLY_H
#define DELIVERY_SMTP_REPLY_H

#include <stddef.h>

#include "base/buf.h"

enum {
	SMTP_REPLY_LINE = 4096,  /* octets of one line, at most */
	SMTP_REPLY_TEXT = 16384, /* octets that are kept */
	SMTP_REPLY_LINES = 1000, /* lines of one reply, at most */
};

/* Zero-initialised: empty.  Used for one reply after the other; release with
 * buf_free(&reply->text). */
struct smtp_reply {
	unsigned code; /* 200..599 */
	char dsn[12];  /* enhanced status: as given if its class agrees with the
			* code, else made of the code ("5.0.0") */
	struct buf text; /* all lines as received, codes included, separated by
			  * '\n'; other control octets are '?' */
	unsigned lines;
};

enum smtp_reply_status {
	SMTP_REPLY_MORE, /* a continuation line must follow */
	SMTP_REPLY_DONE,
	SMTP_REPLY_BAD, /* not SMTP, or too much of it; hang up */
};

/* smtp_reply_begin(reply): forget the last reply. */
void smtp_reply_begin(struct smtp_reply *reply);

/* smtp_reply_line(reply, line, n): take the next line, without its line end. */
enum smtp_reply_status
smtp_reply_line(struct smtp_reply *reply, const char *line, size_t n);

/* smtp_reply_flat(reply, out): append the text with blanks for line breaks,
 * as it is quoted in logs and notices. */
void smtp_reply_flat(const struct smtp_reply *reply, struct buf *out);

/* smtp_reply_dsn(text): the length of an enhanced status code at the start of
 * ${text} ("5.1.1"), 0: there is none. */
size_t smtp_reply_dsn(const char *text);

#endif

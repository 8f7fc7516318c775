/* maildrop_notice.c - see maildrop_notice.h. */
#include "weir/maildrop_notice.h"

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/spool.h"
#include "weir/letter.h"

enum { PIECE = 4096, MOST_QUOTED = 50000 };

static int
quote(const struct letter *letter, struct spool *out, struct err *err)
{
	uint64_t size = spool_size(letter->content), at = 0;
	char piece[PIECE];

	while (at < size && at < MOST_QUOTED) {
		ssize_t n =
		    spool_get(letter->content, at, piece, sizeof piece, err);

		if (n <= 0 || spool_put(out, piece, (size_t)n, err) != 0)
			return -1;
		at += (uint64_t)n;
	}
	/* The dot that ends it has come with the whole. */
	return at < size ? spool_put(out, "\r\n.\r\n", 5, err) : 0;
}

bool
maildrop_notice_send(const struct maildrop_notice *notice,
    const struct letter *letter, const char *service)
{
	struct letter mail = { .content = spool_new("/var/tmp") };
	struct buf head = { 0 };
	struct err err = { 0 };
	char text[LETTER_TEXT];
	bool told;

	letter_sender(&mail, "");
	letter_line(&mail);
	letter_recipient(&mail, notice->user);
	letter_line(&mail);
	letter_data(&mail);
	buf_printf(&head,
	    "From: MAILER-DAEMON (Mail Delivery System)\r\n"
	    "To: %s\r\n"
	    "Subject: Undelivered Mail\r\n"
	    "Auto-Submitted: auto-replied\r\n"
	    "\r\n"
	    "This is the mail system at host %s.\r\n"
	    "\r\n"
	    "A message that was kept while the mail system could not take "
	    "it was now refused:\r\n"
	    "%s\r\n"
	    "\r\n"
	    "The message, or the beginning of it, follows.\r\n"
	    "\r\n",
	    notice->user, notice->host, notice->why);
	told = spool_put(mail.content, head.data, head.len, &err) == 0 &&
	    quote(letter, mail.content, &err) == 0 &&
	    letter_send(&mail, service, text) == LETTER_TAKEN;
	buf_free(&head);
	letter_free(&mail);
	return told;
}

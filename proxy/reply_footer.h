/* reply_footer.h - a footer behind a reply (postconf(5),
 * smtpd_reject_footer). */
#ifndef PROXY_REPLY_FOOTER_H
#define PROXY_REPLY_FOOTER_H

#include <stddef.h>

struct buf;
struct err;
struct macro;

enum reply_footer_result {
	REPLY_FOOTER_OK,
	REPLY_FOOTER_BAD_REPLY, /* what is there is no reply */
	REPLY_FOOTER_BAD_MACRO, /* the template is wrong, and why */
};

/*
 * reply_footer_add(out, from, template, macro, err):
 * What ${out} has from octet ${from} on is a reply, "NNN words" or "NNN-words"
 * in lines with <CR><LF> between them; the last may have one, too.  Put the
 * expanded ${template} behind it: on lines of its own, with the last line's
 * code and enhanced code before each; "\n" begins a further line, and "\c" at
 * the start goes on with the reply's last line.  Lines are cut and cleaned as
 * in reply.h.  Nothing changes unless the result is REPLY_FOOTER_OK.
 */
enum reply_footer_result reply_footer_add(struct buf *out, size_t from,
    const char *template, const struct macro *macro, struct err *err);

#endif

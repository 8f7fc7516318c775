/* body.h - the octets of a message: between 354 and the final dot (RFC 5321,
 * 4.5.2), or in chunks (RFC 3030). */
#ifndef PROXY_BODY_H
#define PROXY_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum body_status {
	BODY_MORE, /* all input consumed, the body goes on */
	BODY_END,  /* the final dot was seen; what follows are commands */
};

/*
 * Where in a line the decoder stands, and what is to be remembered.  Begin
 * with { .loose = ..., .keep_cr = ... }: at the start of a line.
 *
 * By default only <CR><LF>.<CR><LF> ends the body.  A bare <LF> ends a line
 * of the text, which is always written with <CR><LF>; so what a less strict
 * server would take for the end stays text.  ${loose} is
 * smtpd_forbid_bare_newline = no, as in Postfix: any <LF> ends a line, the
 * <CR>s before it do not matter.  ${chunked} is BDAT: dots mean nothing, and
 * nothing in the text ends it.
 */
struct body {
	unsigned char state;
	bool loose;
	bool chunked;
	bool keep_cr;  /* a bare <CR> stays; otherwise it becomes a blank */
	bool bare_lf;  /* one was seen */
	bool nul;      /* one was seen, and left out */
	unsigned held; /* <CR>s whose meaning is not known yet */
};

/*
 * body_decode(body, in, len, out, used):
 * Decode the ${len} octets at ${in}, append the text to ${out}, dots at the
 * start of lines unstuffed, and store the number of octets consumed in *used.
 * The text never contains NUL, nor <LF> without <CR>.  A body may be fed in
 * pieces of any size.  After BODY_END ${body} must not be used again.
 */
enum body_status body_decode(struct body *body, const char *in, size_t len,
    struct buf *out, size_t *used);

/* body_finish(body, out): the last chunk has come.  Append what is still
 * missing: the end of a line that has none. */
void body_finish(struct body *body, struct buf *out);

#endif

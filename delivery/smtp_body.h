/* smtp_body.h - a message on its way to an SMTP server: dots doubled, nothing
 * but CRLF as a line end, no NUL, no line too long. */
#ifndef DELIVERY_SMTP_BODY_H
#define DELIVERY_SMTP_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Zero-initialised but for ${limit}: at the start of a message. */
struct smtp_body {
	size_t limit;  /* octets of a line without its end; 0: no limit */
	size_t column; /* octets of this line sent so far */
	bool cr;       /* a CR was seen last */
	size_t broken; /* how many lines were too long */
};

/* smtp_body_put(body, data, n, out): append the next part of a message, of any
 * size, encoded.  A CR or LF that stands alone becomes a blank or a CRLF, NUL
 * is dropped, a line beyond the limit goes on behind CRLF and a blank. */
void smtp_body_put(
    struct smtp_body *body, const char *data, size_t n, struct buf *out);

/* smtp_body_end(body, out): end the last line if needed, and the message. */
void smtp_body_end(struct smtp_body *body, struct buf *out);

#endif

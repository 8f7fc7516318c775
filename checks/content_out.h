/* content_out.h - the body of a message as the next stage gets it. */
#ifndef CHECKS_CONTENT_OUT_H
#define CHECKS_CONTENT_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* content_out_line(out, text, len, ends): append a line, or a piece of one that
 * does not end. */
void content_out_line(struct buf *out, const char *text, size_t len, bool ends);

/* content_out_header(out, text, len): append the lines of a part's header. */
void content_out_header(struct buf *out, const char *text, size_t len);

#endif

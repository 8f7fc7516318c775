/* filter_text.h - a message as a filter gets it: as it came, behind our own
 * headers, dots doubled. */
#ifndef PROXY_FILTER_TEXT_H
#define PROXY_FILTER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Zero-initialised: at the start of a message.  Release with
 * buf_free(&text->first). */
struct filter_text {
	struct buf first; /* the first line, as far as it has come */
	bool started;     /* behind it */
	bool in_line;     /* not at the start of a line */
};

/* filter_text_put(text, data, n, out): append the next part of a message, of
 * any size, whose lines end in <CR><LF>, encoded.  A first line as of a mailbox
 * ("From ", or that quoted) becomes a header, and before one that begins with
 * a blank goes an empty line, as in Postfix. */
void filter_text_put(
    struct filter_text *text, const char *data, size_t n, struct buf *out);

#endif

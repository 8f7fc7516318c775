/* xtext.h - values of attributes on one line (RFC 3461, 4). */
#ifndef BASE_XTEXT_H
#define BASE_XTEXT_H

struct buf;

/* xtext_put(out, text): append it encoded, but "=" stays, as Postfix has it. */
void xtext_put(struct buf *out, const char *text);

#endif

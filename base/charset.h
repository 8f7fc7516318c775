/* charset.h - text in any character set made UTF-8, as it streams by. */
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include <stddef.h>

struct buf;
struct charset;

/*
 * charset_open(name, len):
 * A converter from what ${name} is.  Never NULL: a name that nobody knows, none,
 * and us-ascii mean UTF-8.  What is not UTF-8 in UTF-8 is taken for
 * windows-1252, octet by octet, and so is iso-8859-1; names of older sets mean
 * the larger sets that mail readers use for them.
 */
struct charset *charset_open(const char *name, size_t len);
void charset_close(struct charset *cs);

/* charset_feed(cs, data, n, out): add to ${out} what ${data} is in UTF-8: whole
 * and valid characters, U+FFFD for what is none; at most 4 octets for one that
 * was fed.  How the text is cut into pieces does not matter.
 * charset_end(cs, out): that was all; another text may follow. */
void
charset_feed(struct charset *cs, const char *data, size_t n, struct buf *out);
void charset_end(struct charset *cs, struct buf *out);

/* charset_put(out, code): add one character. */
void charset_put(struct buf *out, unsigned long code);

/* charset_latin(octet): the character that ${octet} is in windows-1252. */
unsigned charset_latin(unsigned char octet);

#endif

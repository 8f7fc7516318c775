/* encoded_word.h - "=?charset?B?...?=" in headers (RFC 2047), as text. */
#ifndef CHECKS_ENCODED_WORD_H
#define CHECKS_ENCODED_WORD_H

#include <stddef.h>

struct buf;

/*
 * encoded_word_decode(text, len, out):
 * Add to ${out} in UTF-8 what a mail reader shows for ${text}, a header or a part
 * of one, in which line breaks are blanks (or left out): encoded words anywhere,
 * also in quotes, also with blanks in them or without an end; white space
 * between two of them is not shown, and a character may begin in one and end
 * in the next.  Other octets that are not UTF-8 are taken for windows-1252.
 * Takes time in proportion to the text.
 */
void encoded_word_decode(const char *text, size_t len, struct buf *out);

#endif

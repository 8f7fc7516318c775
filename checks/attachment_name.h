/* attachment_name.h - the names that mail readers may give an attachment. */
#ifndef CHECKS_ATTACHMENT_NAME_H
#define CHECKS_ATTACHMENT_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* What is told each name, in UTF-8, perhaps the same one twice. */
struct attachment_name_sink {
	void (*name)(void *arg, const char *text, size_t len);
	void *arg;
};

/*
 * attachment_name_find(text, len, sink):
 * ${text} is a header, its lines separated by "\n".  Tell every name that may be
 * read in it: wherever "name=" or "filename=" stands, in quotes too; up to the
 * end of the quotes or the word, and up to the next ";"; with and without what
 * a backslash quotes; as it is, as encoded words (RFC 2047), percent-decoded,
 * with the charset of RFC 2231, and from the pieces of RFC 2231 put together by
 * number and in the order in which they stand.  False: there were so many that of
 * the last ones only one reading each was told.  Takes time in proportion to
 * the text.
 */
bool attachment_name_find(
    const char *text, size_t len, const struct attachment_name_sink *sink);

/*
 * attachment_name_tell(text, len, sink):
 * ${text} is UTF-8.  Tell what systems make of that name: without what nobody
 * sees, up to a NUL, and without blanks and dots at its end.
 */
void attachment_name_tell(
    const char *text, size_t len, const struct attachment_name_sink *sink);

#endif

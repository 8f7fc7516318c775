/* full_name.h - a From: header with the full name of a user of this machine. */
#ifndef PROXY_FULL_NAME_H
#define PROXY_FULL_NAME_H

#include <stdbool.h>

struct buf;

/* Of header_from_format. */
enum full_name_format {
	FULL_NAME_STANDARD, /* name <address> */
	FULL_NAME_OBSOLETE, /* address (name) */
};

/* full_name_format(text, format): false: it is neither. */
bool full_name_format(const char *text, enum full_name_format *format);

/*
 * full_name_put(out, format, charset, name, address):
 * Append the value of the header.  A name with octets above 127 is made ASCII by
 * encoded words of ${charset} (RFC 2047), but with "" it stays as it is; either
 * way it cannot become anything but a name.  ${address} is in external form.
 */
void full_name_put(struct buf *out, enum full_name_format format,
    const char *charset, const char *name, const char *address);

#endif

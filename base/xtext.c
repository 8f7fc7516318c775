/* xtext.c - see xtext.h. */
#include "base/xtext.h"

#include "base/buf.h"

void
xtext_put(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 33 || c > 126 || c == '+')
			buf_printf(out, "+%02X", c);
		else
			buf_putc(out, (char)c);
	}
}

/* json_text.c - see json_text.h. */
#include "base/json_text.h"

#include "base/buf.h"
#include "base/utf8.h"

void
json_text_put(struct buf *out, const char *text)
{
	unsigned n;

	buf_putc(out, '"');
	for (; *text != '\0'; text += n > 0 ? n : 1) {
		unsigned char c = (unsigned char)*text;

		n = utf8_length(text);
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 32 || c == 127)
			buf_printf(out, "\\u%04x", c);
		else if (n > 0)
			buf_put(out, text, n);
		else
			buf_puts(out, "\\ufffd");
	}
	buf_putc(out, '"');
}

void
json_text_name(struct buf *out, const char *name)
{
	char last = '\0';

	if (out->len > 0)
		last = out->data[out->len - 1];
	if (last != '{' && last != '[' && last != '\0')
		buf_putc(out, ',');
	json_text_put(out, name);
	buf_putc(out, ':');
}

void
json_text_member(struct buf *out, const char *name, const char *value)
{
	json_text_name(out, name);
	json_text_put(out, value);
}

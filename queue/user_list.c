/* user_list.c - see user_list.h: "+" or "-", and numbers. */
#include "queue/user_list.h"

#include <stdlib.h>

#include "base/buf.h"

void
user_list_begin(struct buf *out, bool others)
{
	buf_putc(out, others ? '+' : '-');
}

void
user_list_add(struct buf *out, unsigned uid)
{
	buf_printf(out, " %u", uid);
}

bool
user_list_has(const char *text, unsigned uid)
{
	bool others;
	char *end;

	if (text == NULL)
		return true;
	others = text[0] == '+';
	while (*text != '\0') {
		text++;
		if (strtoul(text, &end, 10) == uid && end != text)
			return !others;
		text = end != text ? end : text;
	}
	return others;
}

/* milter_reply.c - see milter_reply.h. */
#include "proxy/milter_reply.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A line of a reply, with the code ${code}. */
static bool
is_line(const char *line, const char *code)
{
	return strncmp(line, code, 3) == 0 &&
	    (line[3] == ' ' || line[3] == '-') &&
	    (!is_digit(line[4]) || line[4] == code[0]);
}

static bool
is_reply(const char *text)
{
	const char *line = text;

	if ((text[0] != '4' && text[0] != '5') || !is_digit(text[1]) ||
	    !is_digit(text[2]))
		return false;
	while (line != NULL) {
		if (!is_line(line, text))
			return false;
		line = strstr(line, "\r\n");
		if (line != NULL)
			line += 2;
	}
	return true;
}

const char *
milter_reply_parse(struct arena *arena, const char *text)
{
	char *reply = arena_strdup(arena, text), *to = reply;

	for (const char *p = reply; *p != '\0'; p++) {
		if (*p != '%')
			*to++ = *p;
		else if (p[1] == '%')
			*to++ = *p++;
	}
	*to = '\0';
	/* Last: what was left out may have stood between <CR> and <LF>. */
	return is_reply(reply) ? reply : NULL;
}

const char *
milter_reply_print(struct arena *arena, const char *reply)
{
	char *text = arena_strdup(arena, reply), *to = text + 3;

	*to++ = ' ';
	for (const char *p = reply + 4; *p != '\0'; p++) {
		if (p[0] != '\r' || p[1] != '\n') {
			*to++ = *p;
			continue;
		}
		*to++ = '\n';
		/* The code of the next line, and what separates it. */
		p += 5;
	}
	*to = '\0';
	return text;
}

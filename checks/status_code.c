/* status_code.c - see status_code.h. */
#include "checks/status_code.h"

#include <ctype.h>

#include "base/arena.h"

static size_t
digits(const char *s)
{
	size_t n = 0;

	while (n < 3 && isdigit((unsigned char)s[n]))
		n++;
	return n;
}

size_t
status_code_length(const char *text)
{
	size_t n, subject, detail;

	if ((text[0] != '2' && text[0] != '4' && text[0] != '5') ||
	    text[1] != '.')
		return 0;
	subject = digits(text + 2);
	if (subject == 0 || text[2 + subject] != '.')
		return 0;
	detail = digits(text + 3 + subject);
	n = 3 + subject + detail;
	if (detail == 0 ||
	    (text[n] != '\0' && !isspace((unsigned char)text[n])))
		return 0;
	return n;
}

const char *
status_code_take(struct arena *arena, const char **text, const char *preset)
{
	size_t n = status_code_length(*text);
	const char *code;

	if (n == 0)
		return preset;
	code = arena_strndup(arena, *text, n);
	*text += n;
	while (isspace((unsigned char)**text))
		(*text)++;
	return code;
}

/* status_code.c - see status_code.h. */
#include "checks/status_code.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "checks/check.h"
#include "checks/subject.h"

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

/* Details of an address status (X.1.detail) for a sender and a recipient: the
 * same table entry may reject either. */
/* clang-format off */
static const struct detail {
	const char *given, *sender, *recipient;
} details[] = {
	{ "1", "7", "1" },
	{ "2", "8", "2" },
	{ "3", "7", "3" },
	{ "4", "7", "4" },
	{ "5", "0", "5" },
	{ "6", "7", "6" },
	{ "7", "7", "3" },
	{ "8", "8", "2" },
	{ NULL, "0", "0" },
};
/* clang-format on */

const char *
status_code_suit(const struct ask *ask, const char *dsn)
{
	struct arena *arena = ask->subject->arena;
	const struct detail *d = details;
	const char *rest;

	if (strncmp(dsn + 1, ".1.", 3) != 0)
		return dsn;
	while (d->given != NULL && strcmp(d->given, dsn + 4) != 0)
		d++;
	if (strcmp(ask->class, "Sender address") == 0)
		rest = arena_printf(arena, ".1.%s", d->sender);
	else if (strcmp(ask->class, "Recipient address") == 0)
		rest = arena_printf(arena, ".1.%s", d->recipient);
	else
		rest = ".0.0";
	if (strcmp(rest, dsn + 1) == 0)
		return dsn;
	event_info(ask->subject->by,
	    "mapping DSN status %s into %s status %c%s", dsn, ask->class,
	    dsn[0], rest);
	return arena_printf(arena, "%c%s", dsn[0], rest);
}

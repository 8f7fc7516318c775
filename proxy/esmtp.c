/* esmtp.c - see esmtp.h. */
#include "proxy/esmtp.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "queue/envelope.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
esmtp_xtext(struct arena *arena, const char *text)
{
	char *plain = arena_alloc(arena, strlen(text) + 1), *to = plain;

	for (; *text != '\0'; text++) {
		if (*text == '+') {
			int high = hex(text[1]), low;

			low = high < 0 ? -1 : hex(text[2]);
			if (low < 0 || high * 16 + low == 0)
				return NULL;
			*to++ = (char)(high * 16 + low);
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	return plain;
}

static bool
printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 32 || (unsigned char)*s > 126)
			return false;
	return true;
}

/* Nothing that could end a line or a field, also where UTF-8 is allowed. */
static bool
harmless(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 32 || *s == 127)
			return false;
	return true;
}

enum esmtp_size
esmtp_size(const char *text, int64_t *size)
{
	int64_t n = 0;

	if (*text == '\0')
		return ESMTP_SIZE_SYNTAX;
	for (const char *p = text; *p != '\0'; p++)
		if (*p < '0' || *p > '9')
			return ESMTP_SIZE_SYNTAX;
	for (; *text != '\0'; text++) {
		if (n > (INT64_MAX - 9) / 10)
			return ESMTP_SIZE_OVERFLOW;
		n = n * 10 + (*text - '0');
	}
	*size = n;
	return ESMTP_SIZE_OK;
}

unsigned
esmtp_notify(const char *text)
{
	static const struct {
		const char *name;
		unsigned bit;
	} names[] = {
		{ "NEVER", ENVELOPE_NOTIFY_NEVER },
		{ "SUCCESS", ENVELOPE_NOTIFY_SUCCESS },
		{ "FAILURE", ENVELOPE_NOTIFY_FAILURE },
		{ "DELAY", ENVELOPE_NOTIFY_DELAY },
	};
	unsigned bits = 0;

	for (;;) {
		size_t n = strcspn(text, ","), i;

		for (i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strlen(names[i].name) == n &&
			    strncasecmp(text, names[i].name, n) == 0)
				break;
		if (i == sizeof names / sizeof names[0] ||
		    (bits & names[i].bit) != 0)
			return 0;
		bits |= names[i].bit;
		if (text[n] == '\0')
			break;
		text += n + 1;
	}
	if ((bits & ENVELOPE_NOTIFY_NEVER) && bits != ENVELOPE_NOTIFY_NEVER)
		return 0;
	return bits;
}

char
esmtp_ret(const char *text)
{
	if (strcasecmp(text, "FULL") == 0)
		return 'F';
	return strcasecmp(text, "HDRS") == 0 ? 'H' : 0;
}

bool
esmtp_envid(struct arena *arena, const char *text)
{
	const char *plain = esmtp_xtext(arena, text);

	return plain != NULL && printable(text) && printable(plain);
}

bool
esmtp_orcpt(struct arena *arena, const char *text)
{
	const char *semicolon = strchr(text, ';'), *plain;

	if (semicolon == NULL || semicolon == text || !harmless(text))
		return false;
	for (const char *p = text; p < semicolon; p++)
		if ((unsigned char)*p <= 32 || (unsigned char)*p > 126)
			return false;
	plain = esmtp_xtext(arena, semicolon + 1);
	return plain != NULL && *plain != '\0' && harmless(plain);
}

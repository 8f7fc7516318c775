/* utf8.c - see utf8.h. */
#include "base/utf8.h"

unsigned
utf8_length(const char *p)
{
	const unsigned char *c = (const unsigned char *)p;
	unsigned char least = 0x80, most = 0xbf;
	unsigned n;

	if (c[0] < 0x80)
		return 1;
	if (c[0] < 0xc2 || c[0] > 0xf4)
		return 0;
	n = c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	/* The second octet is where overlong forms, surrogates and what lies
	 * beyond U+10FFFF show. */
	if (c[0] == 0xe0)
		least = 0xa0;
	else if (c[0] == 0xed)
		most = 0x9f;
	else if (c[0] == 0xf0)
		least = 0x90;
	else if (c[0] == 0xf4)
		most = 0x8f;
	if (c[1] < least || c[1] > most)
		return 0;
	for (unsigned i = 2; i < n; i++)
		if (c[i] < 0x80 || c[i] > 0xbf)
			return 0;
	return n;
}

bool
utf8_is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text > 127)
			return false;
	return true;
}

bool
utf8_valid(const char *text)
{
	unsigned n;

	for (; *text != '\0'; text += n)
		if ((n = utf8_length(text)) == 0)
			return false;
	return true;
}

/* dnsbl_filter.c - see dnsbl_filter.h. */
#include "checks/dnsbl_filter.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* A token is a number or a single character. */
struct scan {
	const char *text; /* the whole, for messages */
	const char *p, *end;
	struct err *err;
};

static size_t
token_length(const struct scan *s)
{
	size_t n = 0;

	while (s->p + n < s->end && isdigit((unsigned char)s->p[n]))
		n++;
	return n == 0 && s->p < s->end ? 1 : n;
}

static bool
fail(const struct scan *s, const char *why)
{
	size_t n = token_length(s);

	err_set(s->err, "%s at \"%.*s>%.*s<%.*s\"", why, (int)(s->p - s->text),
	    s->text, (int)n, s->p, (int)(s->end - s->p - (ptrdiff_t)n),
	    s->p + n);
	return false;
}

static bool
at(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

/* A number from ${least} to 255, or -1. */
static int
take_number(struct scan *s, long least)
{
	size_t n = token_length(s);
	long value;

	if (s->p >= s->end || !isdigit((unsigned char)*s->p))
		return -1;
	value = n > 3 ? 256 : strtol(s->p, NULL, 10);
	if (value > 255 || value < least)
		return -1;
	s->p += n;
	return (int)value;
}

static void
allow(unsigned char bits[32], int from, int to)
{
	for (int i = from; i <= to; i++)
		bits[i / 8] |= (unsigned char)(1U << (i % 8));
}

/* "a;b;c..d]", behind its bracket. */
static bool
take_set(struct scan *s, unsigned char bits[32])
{
	for (;;) {
		int from = take_number(s, 0), to = from;

		if (from < 0)
			return fail(s, "need decimal number 0..255");
		/* What stands behind a first dot can only be meant as a
		 * range. */
		if (at(s, '.')) {
			s->p++;
			if (at(s, '.'))
				s->p++;
			else
				return fail(s, "numeric range error");
			to = take_number(s, from);
			if (to < 0)
				return fail(s, "numeric range error");
		}
		allow(bits, from, to);
		if (at(s, ']')) {
			s->p++;
			return true;
		}
		if (!at(s, ';'))
			return fail(s, "need \";\" or \"]\"");
		s->p++;
	}
}

static bool
take_octet(struct scan *s, unsigned char bits[32])
{
	int value;

	if (at(s, '[')) {
		s->p++;
		return take_set(s, bits);
	}
	value = take_number(s, 0);
	if (value < 0)
		return fail(s, "need decimal number 0..255 or \"[\"");
	allow(bits, value, value);
	return true;
}

/* One pair of brackets may stand around the whole.  Return its inside. */
static bool
unwrap(struct scan *s)
{
	size_t n = strlen(s->p), depth = 0, i = 0;

	if (s->p[0] != '[')
		return true;
	for (; i < n; i++) {
		depth += s->p[i] == '[';
		depth -= s->p[i] == ']' && depth > 0;
		if (depth == 0)
			break;
	}
	if (i + 1 == n &&
	    (s->p[1] == '[' ||
		memchr(s->p, '.', n) != (const void *)strstr(s->p, ".."))) {
		s->p++;
		s->end--;
	} else if (s->p[1] == '[') {
		err_set(s->err, "missing \"]\" character");
		return false;
	}
	return true;
}

bool
dnsbl_filter_parse(
    const char *text, struct dnsbl_filter *filter, struct err *err)
{
	struct scan s = { text, text, text + strlen(text), err };

	memset(filter, 0, sizeof *filter);
	if (!unwrap(&s))
		return false;
	s.text = s.p;
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0 && !at(&s, '.'))
			return fail(&s, "need \".\"");
		s.p += i > 0;
		if (!take_octet(&s, filter->allowed[i]))
			return false;
	}
	return s.p == s.end || fail(&s, "garbage after pattern");
}

bool
dnsbl_filter_has(
    const struct dnsbl_filter *filter, const unsigned char octets[4])
{
	for (unsigned i = 0; i < 4; i++)
		if ((filter->allowed[i][octets[i] / 8] &
			(1U << (octets[i] % 8))) == 0)
			return false;
	return true;
}

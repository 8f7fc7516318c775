/* rulegen.h - pattern tables and texts that their rules often match, made of
 * octets or of a seed: for what must not depend on how rules are tried. */
#ifndef T_RULEGEN_H
#define T_RULEGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

/* Where decisions come from: the octets, then the seed (0: all zero). */
struct rulegen {
	const uint8_t *p, *end;
	uint64_t seed;
};

static inline unsigned
rulegen_pick(struct rulegen *g, unsigned n)
{
	if (g->p < g->end)
		return *g->p++ % n;
	if (g->seed == 0)
		return 0;
	g->seed ^= g->seed << 13;
	g->seed ^= g->seed >> 7;
	g->seed ^= g->seed << 17;
	return (unsigned)(g->seed >> 33) % n;
}

#define RULEGEN_ONE_OF(g, list)                                                \
	((list)[rulegen_pick(g, sizeof(list) / sizeof(list)[0])])

static const char *const rulegen_letters[] = { "a", "b", "c", "A", "B", "ab",
	"bca", "0", "7", " ", "_", "-", ".", "\xe9", "x", "]", "}" };
static const char *const rulegen_texts[] = { "a", "b", "c", "A", "B", "ab",
	"bca", "0", "7", " ", "_", "-", ".", "\xe9", "x", "]", "}", "\n", "\t",
	"\\", "aaa", "abc", "\v", "\xa0", "\x7f", "aA", "^", "$", "*" };

static const char *const rulegen_pcre[] = { ".", "[abc]", "[^ab]", "[a-c]",
	"[[:alpha:]_]", "[^[:space:]]", "[a\\]b-]", "[\\w.-]", "[^\\d\\s]",
	"[a-cA-]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "^",
	"$", "\\A", "\\z", "\\Z", "\\x61", "\\xe9", "\\.", "\\n", "\\t",
	"(?=a)", "(?!b)", "(?<=b)", "(?<!a)", "(?>a|ab)", "\\1", "(?i:aB)",
	"(?:)", "()", "\\Qa.\\E", "\\h", "\\v", "\\R", "\\K", "(?(1)a|b)",
	"(?#x)", "[^a]", "[]a]", "\\12", "\\p{L}", "(?P<n>a)", "(?1)" };
static const char *const rulegen_posix[] = { ".", "[abc]", "[^ab]", "[a-c]",
	"[A-C]", "[[:alpha:]_]", "[^[:space:]]", "[]a]", "[^]a]", "[a-]",
	"[\\a]", "[^\\]", "[[.a.]]", "[[=a=]]", "[!-a]", "[0-9]", "^", "$",
	"\\<", "\\>", "\\b", "\\B", "\\w", "\\W", "\\s", "\\S", "\\.", "\\\\",
	"\\1", "\\`", "\\'", "()", "[[:upper:]]", "[^a]", "[a-cx-z]",
	"[[:digit:]-]", "\\]", "\\}" };
static const char *const rulegen_repeats[] = { "*", "+", "?", "{2}", "{0,2}",
	"{1,}", "*?", "++", "{,2}", "{3", "**" };

static inline void
rulegen_expression(
    struct rulegen *g, struct buf *out, bool posix, unsigned depth)
{
	unsigned pieces = 1 + rulegen_pick(g, 4);

	while (pieces-- > 0) {
		unsigned kind = rulegen_pick(g, 16);

		if (kind < 8) {
			buf_puts(out, RULEGEN_ONE_OF(g, rulegen_letters));
		} else if (kind < 12 || depth == 0) {
			buf_puts(out,
			    posix ? RULEGEN_ONE_OF(g, rulegen_posix)
				  : RULEGEN_ONE_OF(g, rulegen_pcre));
		} else {
			buf_puts(out, kind == 12 && !posix ? "(?:" : "(");
			rulegen_expression(g, out, posix, depth - 1);
			if (kind >= 14) {
				buf_putc(out, '|');
				rulegen_expression(g, out, posix, depth - 1);
			}
			buf_putc(out, ')');
		}
		if (rulegen_pick(g, 4) == 0)
			buf_puts(out, RULEGEN_ONE_OF(g, rulegen_repeats));
		if (depth > 1 && rulegen_pick(g, 12) == 0)
			buf_putc(out, '|');
	}
}

static inline void
rulegen_written(struct rulegen *g, struct buf *out, bool posix)
{
	static const char *const pcre_flags[] = { "", "", "", "", "i", "m", "s",
		"A", "E", "U", "im", "x", "is" };
	static const char *const posix_flags[] = { "", "", "", "i", "m", "im",
		"x" };

	if (rulegen_pick(g, 10) == 0)
		buf_putc(out, '!');
	buf_putc(out, '/');
	rulegen_expression(g, out, posix, 2);
	buf_putc(out, '/');
	buf_puts(out,
	    posix ? RULEGEN_ONE_OF(g, posix_flags)
		  : RULEGEN_ONE_OF(g, pcre_flags));
}

/* One line of a table. */
static inline void
rulegen_rule(struct rulegen *g, struct buf *out, bool posix)
{
	size_t start = out->len;
	unsigned kind = rulegen_pick(g, 16);

	if (kind == 0) {
		buf_puts(out, "endif");
	} else if (kind == 1) {
		buf_puts(out, "if ");
		rulegen_written(g, out, posix);
	} else {
		rulegen_written(g, out, posix);
		if (posix && rulegen_pick(g, 8) == 0) {
			buf_putc(out, '!');
			rulegen_written(g, out, posix);
		}
		buf_puts(out,
		    strchr(out->data + start, '(') != NULL &&
			    rulegen_pick(g, 2) == 0
			? " <$1>"
			: " yes");
	}
	buf_putc(out, '\n');
}

/* A text to look for. */
static inline void
rulegen_text(struct rulegen *g, struct buf *out)
{
	unsigned n = 1 + rulegen_pick(g, 12);

	while (n-- > 0)
		buf_puts(out, RULEGEN_ONE_OF(g, rulegen_texts));
}

#endif

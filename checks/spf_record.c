/* spf_record.c - see spf_record.h.  The grammar is that of RFC 7208, section
 * 12; the library's own is laxer in places, and stricter in others. */
#include "checks/spf_record.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

const char spf_record_any_address[] = "_weira.";
const char spf_record_any_exchanger[] = "_weirm.";

/* No name has more labels; the library keeps their number in an octet. */
enum { NO_PREFIX = -1, MOST_LABELS = 127, MOST_ADDRESS = 64 };

/* A part of the record. */
struct span {
	const char *p;
	size_t n;
};

struct guard {
	struct buf *out;
	const struct spf_record_of *of;
	bool v6;
	bool all, redirected, explained;
	struct span redirect;
	const char *why;
};

static const char version[] = "v=spf1";

bool
spf_record_is(const char *text, size_t len)
{
	size_t n = strlen(version);

	return len >= n && strncasecmp(text, version, n) == 0 &&
	    (len == n || text[n] == ' ');
}

static bool
bad(struct guard *g, const char *why)
{
	g->why = why;
	return false;
}

static bool
is(struct span s, const char *word)
{
	return strlen(word) == s.n && strncasecmp(s.p, word, s.n) == 0;
}

static struct span
skip(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.n - n };
}

/* The length of the macro that ${s} begins with by "%", 0 if it is none. */
static size_t
macro_length(struct span s)
{
	size_t i = 3;
	bool zero = true;

	if (s.n < 2)
		return 0;
	if (strchr("%_-", s.p[1]) != NULL && s.p[1] != '\0')
		return 2;
	/* c, r and t are for explanations only. */
	if (s.n < 4 || s.p[1] != '{' || s.p[2] == '\0' ||
	    strchr("slodiphv", tolower((unsigned char)s.p[2])) == NULL)
		return 0;
	for (; i < s.n && isdigit((unsigned char)s.p[i]); i++)
		zero = zero && s.p[i] == '0';
	if (i > 3 && zero)
		return 0;
	if (i < s.n && tolower((unsigned char)s.p[i]) == 'r')
		i++;
	while (i < s.n && s.p[i] != '\0' && strchr(".-+,/_=", s.p[i]) != NULL)
		i++;
	return i < s.n && s.p[i] == '}' ? i + 1 : 0;
}

/* A macro-string.  *tail is what follows its last macro. */
static bool
is_macro_string(struct span s, struct span *tail)
{
	*tail = s;
	while (s.n > 0) {
		size_t n = 1;

		if (*s.p == '%') {
			n = macro_length(s);
			if (n == 0)
				return false;
			*tail = skip(s, n);
		}
		s = skip(s, n);
	}
	return true;
}

/* Not all digits, and no "-" at an end. */
static bool
is_top_label(struct span s)
{
	bool letters = false;

	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '-')
			return false;
		letters = letters || !isdigit((unsigned char)s.p[i]);
	}
	return letters;
}

static bool
is_domain(struct span s)
{
	struct span tail;
	size_t dot;

	if (s.n == 0 || !is_macro_string(s, &tail))
		return false;
	if (tail.n == 0)
		return true;
	if (tail.p[tail.n - 1] == '.')
		tail.n--;
	for (dot = tail.n; dot > 0 && tail.p[dot - 1] != '.'; dot--)
		;
	return dot > 0 && is_top_label(skip(tail, dot));
}

static void
put(struct guard *g, struct span s)
{
	buf_put(g->out, s.p, s.n);
}

/* The parts of ${n} octets of ${value} between any of ${delimiters}. */
static size_t
count_parts(const char *value, size_t n, struct span delimiters)
{
	size_t parts = 1;

	for (size_t i = 0; i < n; i++)
		parts += delimiters.n > 0
		    ? memchr(delimiters.p, value[i], delimiters.n) != NULL
		    : value[i] == '.';
	return parts;
}

/* How many parts the value of a macro has; its delimiters are ${delimiters}. */
static size_t
macro_parts(const struct guard *g, char letter, struct span delimiters)
{
	const char *sender = g->of->sender, *at = strrchr(sender, '@');
	size_t local = at != NULL ? (size_t)(at - sender) : 0;
	const char *domain = at != NULL ? at + 1 : "";

	switch (tolower((unsigned char)letter)) {
	case 'd':
		return count_parts(
		    g->of->domain, strlen(g->of->domain), delimiters);
	case 'h':
		return count_parts(
		    g->of->helo, strlen(g->of->helo), delimiters);
	case 's':
		return count_parts(sender, strlen(sender), delimiters);
	case 'l':
		return count_parts(sender, local, delimiters);
	case 'o':
		return count_parts(domain, strlen(domain), delimiters);
	case 'i':
		if (delimiters.n > 0 &&
		    memchr(delimiters.p, '.', delimiters.n) == NULL)
			return 1;
		return g->v6 ? 32 : 4;
	case 'v':
		return g->v6 ? 1 : count_parts("in-addr", 7, delimiters);
	default:
		/* A name that the client's address has: not known yet. */
		return MOST_LABELS;
	}
}

/* One macro.  The library makes nothing of a number of parts that is not less
 * than there are: then all are meant, and the number is left out. */
static void
put_macro(struct guard *g, struct span macro)
{
	size_t end = 3, digits;
	unsigned long parts = 0;
	struct span delimiters;

	for (; isdigit((unsigned char)macro.p[end]); end++)
		if (parts <= MOST_LABELS)
			parts =
			    parts * 10 + (unsigned long)(macro.p[end] - '0');
	digits = end - 3;
	if (tolower((unsigned char)macro.p[end]) == 'r')
		end++;
	delimiters = (struct span){ macro.p + end, macro.n - 1 - end };
	if (digits > 0 && parts >= macro_parts(g, macro.p[2], delimiters)) {
		put(g, (struct span){ macro.p, 3 });
		put(g, skip(macro, 3 + digits));
	} else {
		put(g, macro);
	}
}

static void
put_domain(struct guard *g, struct span s)
{
	while (s.n > 0) {
		size_t n = *s.p == '%' ? macro_length(s) : 1;

		if (n > 2)
			put_macro(g, (struct span){ s.p, n });
		else
			put(g, (struct span){ s.p, n });
		s = skip(s, n);
	}
}

/* Take "/NUMBER" (with ${slashes} of "/") off the end of *s: *prefix.  False if
 * what is there is a wrong number; nothing there is fine. */
static bool
take_prefix(struct span *s, size_t slashes, int most, int *prefix)
{
	size_t at = s->n;
	int value = 0;

	*prefix = NO_PREFIX;
	while (at > 0 && isdigit((unsigned char)s->p[at - 1]))
		at--;
	if (at == s->n || at < slashes || s->p[at - 1] != '/' ||
	    (slashes == 2 && s->p[at - 2] != '/') ||
	    (slashes == 1 && at > 1 && s->p[at - 2] == '/'))
		return true;
	if (s->n - at > 3 || (s->p[at] == '0' && s->n - at > 1))
		return false;
	for (size_t i = at; i < s->n; i++)
		value = value * 10 + (s->p[i] - '0');
	if (value > most)
		return false;
	*prefix = value;
	s->n = at - slashes;
	return true;
}

static void
begin(struct guard *g, char qualifier)
{
	buf_putc(g->out, ' ');
	if (qualifier != '+')
		buf_putc(g->out, qualifier);
}

static bool
guard_all(struct guard *g, char qualifier, struct span rest)
{
	if (rest.n > 0)
		return bad(g, "all takes no argument");
	g->all = true;
	begin(g, qualifier);
	buf_puts(g->out, "all");
	return true;
}

/* include and exists. */
static bool
guard_name(struct guard *g, char qualifier, const char *name, struct span rest)
{
	if (rest.n == 0 || *rest.p != ':' || !is_domain(skip(rest, 1)))
		return bad(g, "a domain is missing or malformed");
	begin(g, qualifier);
	buf_puts(g->out, name);
	buf_putc(g->out, ':');
	put_domain(g, skip(rest, 1));
	return true;
}

static bool
guard_ptr(struct guard *g, char qualifier, struct span rest)
{
	if (rest.n > 0)
		return guard_name(g, qualifier, "ptr", rest);
	begin(g, qualifier);
	buf_puts(g->out, "ptr");
	return true;
}

/* a and mx; only the prefix of the client's family matters. */
static bool
guard_host(struct guard *g, char qualifier, bool mx, struct span rest)
{
	int prefix4, prefix6, prefix;

	if (!take_prefix(&rest, 2, 128, &prefix6) ||
	    !take_prefix(&rest, 1, 32, &prefix4))
		return bad(g, "malformed prefix length");
	if (rest.n > 0 && (*rest.p != ':' || !is_domain(skip(rest, 1))))
		return bad(g, "malformed domain");
	prefix = g->v6 ? prefix6 : prefix4;
	begin(g, qualifier);
	if (prefix == 0) {
		buf_printf(g->out, "exists:%s",
		    mx ? spf_record_any_exchanger : spf_record_any_address);
		if (rest.n > 0)
			put_domain(g, skip(rest, 1));
		else
			buf_puts(g->out, "%{d}");
		return true;
	}
	buf_puts(g->out, mx ? "mx" : "a");
	if (rest.n > 0) {
		buf_putc(g->out, ':');
		put_domain(g, skip(rest, 1));
	}
	if (prefix != NO_PREFIX)
		buf_printf(g->out, g->v6 ? "//%d" : "/%d", prefix);
	return true;
}

static bool
guard_address(struct guard *g, char qualifier, bool v6, struct span rest)
{
	unsigned char octets[16];
	char text[MOST_ADDRESS];
	int most = v6 ? 128 : 32, prefix;

	if (!take_prefix(&rest, 1, most, &prefix))
		return bad(g, "malformed prefix length");
	if (rest.n < 2 || *rest.p != ':' || rest.n > sizeof text)
		return bad(g, "malformed address");
	memcpy(text, rest.p + 1, rest.n - 1);
	text[rest.n - 1] = '\0';
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, octets) != 1)
		return bad(g, "malformed address");
	if (v6 != g->v6)
		return true;
	(void)inet_ntop(v6 ? AF_INET6 : AF_INET, octets, text, sizeof text);
	begin(g, qualifier);
	if (prefix == 0) {
		/* All addresses, by halves: 0 is none for the library. */
		buf_puts(g->out, v6 ? "ip6:::/1" : "ip4:0.0.0.0/1");
		begin(g, qualifier);
		buf_puts(g->out, v6 ? "ip6:8000::/1" : "ip4:128.0.0.0/1");
		return true;
	}
	buf_printf(g->out, "%s:%s", v6 ? "ip6" : "ip4", text);
	if (prefix != NO_PREFIX && prefix != most)
		buf_printf(g->out, "/%d", prefix);
	return true;
}

/* The length of the name that a modifier begins with, 0 if ${term} is none. */
static size_t
modifier_name(struct span term)
{
	size_t n = 0;

	if (term.n == 0 || !isalpha((unsigned char)*term.p))
		return 0;
	while (n < term.n &&
	    (isalnum((unsigned char)term.p[n]) || term.p[n] == '-' ||
		term.p[n] == '_' || term.p[n] == '.'))
		n++;
	return n < term.n && term.p[n] == '=' ? n : 0;
}

/* Explanations are not used; unknown modifiers mean nothing. */
static bool
guard_modifier(struct guard *g, struct span name, struct span value)
{
	struct span tail;

	if (is(name, "redirect")) {
		if (g->redirected || !is_domain(value))
			return bad(g, "malformed redirect");
		g->redirected = true;
		g->redirect = value;
	} else if (is(name, "exp")) {
		if (g->explained || !is_domain(value))
			return bad(g, "malformed exp");
		g->explained = true;
	} else if (!is_macro_string(value, &tail)) {
		return bad(g, "malformed modifier");
	}
	return true;
}

static bool
guard_mechanism(struct guard *g, struct span term)
{
	char qualifier = '+';
	struct span name, rest;

	if (strchr("+-?~", *term.p) != NULL) {
		qualifier = *term.p;
		term = skip(term, 1);
	}
	name = term;
	for (name.n = 0;
	     name.n < term.n && term.p[name.n] != ':' && term.p[name.n] != '/';
	     name.n++)
		;
	rest = skip(term, name.n);
	if (is(name, "all"))
		return guard_all(g, qualifier, rest);
	if (is(name, "include"))
		return guard_name(g, qualifier, "include", rest);
	if (is(name, "exists"))
		return guard_name(g, qualifier, "exists", rest);
	if (is(name, "a"))
		return guard_host(g, qualifier, false, rest);
	if (is(name, "mx"))
		return guard_host(g, qualifier, true, rest);
	if (is(name, "ptr"))
		return guard_ptr(g, qualifier, rest);
	if (is(name, "ip4"))
		return guard_address(g, qualifier, false, rest);
	if (is(name, "ip6"))
		return guard_address(g, qualifier, true, rest);
	return bad(g, "unknown mechanism");
}

static bool
guard_terms(struct guard *g, struct span s)
{
	while (s.n > 0) {
		struct span term = s;
		size_t name;

		if (*s.p == ' ') {
			s = skip(s, 1);
			continue;
		}
		for (term.n = 0; term.n < s.n && s.p[term.n] != ' '; term.n++)
			;
		s = skip(s, term.n);
		name = modifier_name(term);
		if (name > 0 ? !guard_modifier(g, (struct span){ term.p, name },
				   skip(term, name + 1))
			     : !guard_mechanism(g, term))
			return false;
	}
	return true;
}

bool
spf_record_guard(const char *text, size_t len, const struct spf_record_of *of,
    struct buf *out, const char **why)
{
	struct guard g = { .out = out, .of = of, .v6 = of->v6 };
	struct span terms = { text + strlen(version), len - strlen(version) };

	*why = "a record is too long";
	if (len > SPF_RECORD_MOST)
		return false;
	*why = "a record is not ASCII";
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	buf_puts(out, version);
	if (!guard_terms(&g, terms)) {
		*why = g.why;
		return false;
	}
	/* It counts after all mechanisms, wherever it stands. */
	if (g.redirected && !g.all) {
		buf_puts(out, " redirect=");
		put_domain(&g, g.redirect);
	}
	*why = "";
	return true;
}

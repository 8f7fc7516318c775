/* address.c - see address.h. */
#include "rules/address.h"

#include <idn2.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/net.h"
#include "base/utf8.h"
#include "rules/fold.h"
#include "rules/rfc822.h"

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

/* Behind the '<' or '"' at ${p}: the end of what it encloses.  Quotes hide
 * everything but their end; brackets may contain others, and quotes.  NULL: it
 * is not closed. */
static const char *
close_of(const char *p)
{
	size_t depth = 0;
	bool quoted = false;

	do {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && *p == '<')
			depth++;
		else if (!quoted && *p == '>')
			depth--;
		p++;
	} while (*p != '\0' && (quoted || depth > 0));
	return quoted || depth > 0 ? NULL : p;
}

/* The end of the argument that begins at ${p}: the first blank that is not
 * within <> or quotes, nor behind a backslash; NULL: one is not closed. */
static const char *
argument_end(const char *p)
{
	while (p != NULL && *p != '\0' && *p != ' ' && *p != '\t') {
		if (*p == '<' || *p == '"')
			p = close_of(p);
		else
			p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	}
	return p;
}

bool
address_closed(const char *text)
{
	return argument_end(text + strspn(text, " \t")) != NULL;
}

/* The only address in ${row}; false: there are more, or other things that
 * strict rules do not allow. */
static bool
only_address(struct rfc822 row, bool strict, struct rfc822 *address)
{
	size_t others = 0, naddresses = 0;

	*address = (struct rfc822){ 0 };
	for (size_t i = 0; i < row.count; i++) {
		if (row.tokens[i].kind == RFC822_ADDRESS) {
			*address = *row.tokens[i].inner;
			naddresses++;
		} else if (row.tokens[i].kind != '<' &&
		    row.tokens[i].kind != '>') {
			others++;
		}
	}
	return naddresses <= 1 && !(strict && others > 0);
}

char *
address_path(
    struct arena *arena, const char *text, unsigned flags, const char **rest)
{
	bool strict = (flags & ADDRESS_STRICT) != 0;
	size_t inner;
	const char *end, *domain;
	struct rfc822 address;
	char *argument, *colon, *internal;

	while (*text == ' ' || *text == '\t')
		text++;
	end = argument_end(text);
	if (end == NULL || end == text || (strict && *text != '<'))
		return NULL;
	/* Within the outer <> anything that a header may have can stand. */
	inner = *text == '<' && end[-1] == '>';
	argument = arena_strndup(
	    arena, text + inner, (size_t)(end - text) - 2 * inner);
	if (*argument == '@' && (colon = strchr(argument, ':')) != NULL)
		argument = colon + 1;
	if (!only_address(rfc822_parse(arena, argument), strict, &address))
		return NULL;
	internal = rfc822_internal(arena, address);
	if (*internal == '\0' && (flags & ADDRESS_EMPTY_OK) == 0)
		return NULL;
	if ((strict && *internal == '@') || has_control(internal) ||
	    !utf8_valid(internal))
		return NULL;
	domain = address_domain(internal);
	if ((flags & ADDRESS_UTF8) == 0 && domain != NULL &&
	    !utf8_is_ascii(domain))
		return NULL;
	*rest = end;
	return internal;
}

const char *
address_domain(const char *internal)
{
	const char *at = strrchr(internal, '@');

	return at != NULL ? at + 1 : NULL;
}

bool
address_numeric(const char *text, struct net_addr *addr)
{
	const char *colon = strrchr(text, ':');
	const char *dotted = strchr(text, '.') == NULL ? NULL
	    : colon != NULL                            ? colon + 1
						       : text;
	char plain[NET_TEXT];
	size_t n = 0, colons = 0;
	bool fresh = false; /* only zeros since the last dot */

	for (const char *p = text; *p != '\0'; p++) {
		colons += *p == ':';
		fresh = dotted != NULL && p >= dotted &&
		    (p == dotted || p[-1] == '.' || (fresh && p[-1] == '0'));
		if (fresh && *p == '0' && p[1] >= '0' && p[1] <= '9')
			continue;
		if (n + 1 >= sizeof plain)
			return false;
		plain[n++] = *p;
	}
	plain[n] = '\0';
	/* Eight are only possible where "::" stands for a single zero. */
	if (colons > 7 || !net_parse(plain, addr))
		return false;
	dotted = dotted != NULL ? strrchr(plain, ':') : NULL;
	dotted = dotted != NULL ? dotted + 1 : plain;
	return strncmp(dotted, "0.", 2) != 0 || strcmp(dotted, "0.0.0.0") == 0;
}

bool
address_literal(const char *domain, struct net_addr *addr)
{
	static const char tag[] = "IPv6:";
	const char *inner = domain + 1;
	size_t len = strlen(domain);
	char bare[128];
	bool v6;

	if (len < 3 || domain[0] != '[' || domain[len - 1] != ']')
		return false;
	v6 = strncasecmp(inner, tag, strlen(tag)) == 0;
	if (v6)
		inner += strlen(tag);
	len = (size_t)(domain + len - 1 - inner);
	if (len == 0 || len >= sizeof bare || *inner == '[')
		return false;
	memcpy(bare, inner, len);
	bare[len] = '\0';
	return (strchr(bare, ':') != NULL) == v6 && address_numeric(bare, addr);
}

bool
address_valid_domain(struct arena *arena, const char *internal)
{
	const char *domain = address_domain(internal), *ascii;
	struct net_addr addr;
	size_t len;

	if (domain == NULL)
		return true;
	len = strlen(domain);
	if (domain[0] == '[') {
		/* Postfix forgives one that is not closed. */
		if (domain[len - 1] != ']')
			domain = arena_printf(arena, "%s]", domain);
		return address_literal(domain, &addr);
	}
	if (len > 1 && domain[len - 1] == '.')
		domain = arena_strndup(arena, domain, len - 1);
	ascii = address_alabel(arena, domain);
	return ascii != NULL && dns_valid_hostname(ascii, false);
}

char *
address_external(struct arena *arena, const char *internal)
{
	const char *at = strrchr(internal, '@');
	size_t len = at != NULL ? (size_t)(at - internal) : strlen(internal);

	/* <> is not a mailbox without a name, which is "". */
	if (internal[0] == '\0')
		return arena_strdup(arena, "");
	return rfc822_quote(arena, internal, len);
}

char *
address_external_local(struct arena *arena, const char *local)
{
	return rfc822_quote(arena, local, strlen(local));
}

char *
address_internal(struct arena *arena, const char *external)
{
	char *internal = arena_alloc(arena, strlen(external) + 1);
	char *to = internal;
	const char *at = strrchr(external, '@');
	bool in_quotes = false;

	if (has_control(external))
		return NULL;
	if (at == NULL)
		at = external + strlen(external);
	for (const char *p = external; p < at; p++) {
		if (*p == '"') {
			in_quotes = !in_quotes;
			continue;
		}
		if (*p == '\\' && ++p == at)
			return NULL;
		*to++ = *p;
	}
	if (in_quotes)
		return NULL;
	memcpy(to, at, strlen(at) + 1);
	return internal;
}

char *
address_fold(struct arena *arena, const char *text)
{
	return fold_key(arena, text);
}

/* owner-LIST and LIST-request belong to the list. */
static bool
is_list_name(const char *local)
{
	size_t len = strlen(local), suffix = strlen("-request");

	return strncasecmp(local, "owner-", strlen("owner-")) == 0 ||
	    (len > suffix && strcasecmp(local + len - suffix, "-request") == 0);
}

char *
address_split_extension(struct arena *arena, const char *local,
    const char *delimiters, const char **extension)
{
	if (strchr(delimiters, '-') != NULL && is_list_name(local))
		return NULL;
	return address_split_any(arena, local, delimiters, extension);
}

char *
address_split_any(struct arena *arena, const char *local,
    const char *delimiters, const char **extension)
{
	static const char *const special[] = { "postmaster", "mailer-daemon",
		"double-bounce" };
	size_t len = strcspn(local, delimiters);

	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (strcasecmp(local, special[i]) == 0)
			return NULL;
	/* A name that would be empty is none. */
	if (len == 0 || local[len] == '\0')
		return NULL;
	*extension = arena_strdup(arena, local + len + 1);
	return arena_strndup(arena, local, len);
}

char *
address_alabel(struct arena *arena, const char *domain)
{
	char *ascii = NULL, *answer;

	if (utf8_is_ascii(domain))
		return arena_strdup(arena, domain);
	if (!utf8_valid(domain) ||
	    idn2_to_ascii_8z(domain, &ascii,
		IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return NULL;
	answer = arena_strdup(arena, ascii);
	idn2_free(ascii);
	return answer;
}

char *
address_ulabel(struct arena *arena, const char *domain)
{
	char *unicode = NULL, *answer;

	if (idn2_to_unicode_8z8z(domain, &unicode, IDN2_NONTRANSITIONAL) !=
	    IDN2_OK)
		return NULL;
	answer = arena_strdup(arena, unicode);
	idn2_free(unicode);
	return answer;
}

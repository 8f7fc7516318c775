/* address.h - mail addresses (RFC 5321, 5322, 6531).
 *
 * An address has an external form, as it stands on the wire ("a b"@example),
 * and an internal form, unquoted (a b@example), which tables are asked with.
 * The domain begins behind the last @ of the internal form.  No form ever
 * contains CR, LF or NUL. */
#ifndef RULES_ADDRESS_H
#define RULES_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct net_addr;

enum {
	ADDRESS_STRICT = 1,   /* RFC 5321: needs <>, no comments */
	ADDRESS_UTF8 = 2,     /* RFC 6531: the domain may be UTF-8, too */
	ADDRESS_EMPTY_OK = 4, /* <> */
};

/*
 * address_path(arena, text, flags, rest):
 * Parse the argument of MAIL FROM: or RCPT TO: at the start of ${text} and
 * store where it ends in *rest.  Blanks before it are skipped and a source
 * route <@a,@b:u@c> is dropped; without ADDRESS_STRICT a missing <> is
 * tolerated and a comment or display name is stripped, as Postfix does.  The
 * internal form, or NULL: syntax error, a control character, or octets that
 * are not UTF-8.  Whether its domain is one: address_valid_domain().
 */
char *address_path(
    struct arena *arena, const char *text, unsigned flags, const char **rest);

/* address_closed(text): all quotes and brackets in it are closed, as far as
 * address_path() would read. */
bool address_closed(const char *text);

/* address_valid_domain(internal): its domain, if it has one, is a host name
 * (also of U-labels; a dot may end it) or an address literal. */
bool address_valid_domain(struct arena *arena, const char *internal);

/* address_external(arena, internal): quoted where it must be; "" is "";
 * address_external_local(): of a local part alone, which may contain an @. */
char *address_external(struct arena *arena, const char *internal);
char *address_external_local(struct arena *arena, const char *local);

/* address_internal(arena, external): unquoted; NULL: a quote is not closed, or
 * there is a control character. */
char *address_internal(struct arena *arena, const char *external);

/* address_domain(internal): what stands behind the last @, or NULL. */
const char *address_domain(const char *internal);

/* address_numeric(text, addr): is ${text} a bare IPv4 or IPv6 address as Postfix
 * reads it?  Octets may begin with zeros; 0.0.0.0 is the only one to begin with
 * 0. */
bool address_numeric(const char *text, struct net_addr *addr);

/* address_literal(domain, addr): is ${domain} "[192.0.2.1]" or
 * "[IPv6:2001:db8::1]" (RFC 5321, 4.1.3)?  The tag is needed for IPv6, and for
 * nothing else. */
bool address_literal(const char *domain, struct net_addr *addr);

/* address_fold(arena, text): small letters (ICU for UTF-8). */
char *address_fold(struct arena *arena, const char *text);

/*
 * address_split_extension(arena, local, delimiters, extension):
 * The part of ${local} before the first of ${delimiters}, and what follows
 * the delimiter in *extension; NULL if there is none, or the name is special
 * (postmaster, mailer-daemon, double-bounce; owner- and -request with '-').
 * address_split_any() also splits owner- and -request
 * (owner_request_special = no).
 */
char *address_split_extension(struct arena *arena, const char *local,
    const char *delimiters, const char **extension);
char *address_split_any(struct arena *arena, const char *local,
    const char *delimiters, const char **extension);

/* address_alabel(arena, domain): U-labels made A-labels for the DNS; NULL:
 * not possible.  An ASCII domain is returned as it is. */
char *address_alabel(struct arena *arena, const char *domain);

/* address_ulabel(arena, domain): A-labels made U-labels for people to read;
 * NULL: not possible. */
char *address_ulabel(struct arena *arena, const char *domain);

#endif

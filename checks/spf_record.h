/* spf_record.h - the guard in front of libspf2: a policy record is held to the
 * grammar of RFC 7208, and written anew as far as that library reads it right. */
#ifndef CHECKS_SPF_RECORD_H
#define CHECKS_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Longer ones are errors, and so are the records of a TXT answer behind this
 * many octets. */
enum { SPF_RECORD_MOST = 4000 };

/* In place of "a" and "mx" with a prefix of length 0, which the library does
 * not know, it is given "exists" of the name with one of these before it: does
 * the name, or any of its mail exchangers, have an address at all? */
extern const char spf_record_any_address[], spf_record_any_exchanger[];

/* What macros stand for in a record: where it was found, whose mail it is about
 * (local@domain), what the client has called itself. */
struct spf_record_of {
	const char *domain, *sender, *helo;
	bool v6; /* the client's address is of IPv6 */
};

/* spf_record_is(text, len): it begins as a policy does. */
bool spf_record_is(const char *text, size_t len);

/*
 * spf_record_guard(text, len, of, out, why):
 * Append to ${out} what ${text}, which spf_record_is(), means for this client.
 * False, with *why in words, if it breaks the grammar; ${out} is then
 * unfinished.  What is appended is printable, does not grow by more than a small
 * factor, and passes the guard unchanged.
 */
bool spf_record_guard(const char *text, size_t len,
    const struct spf_record_of *of, struct buf *out, const char **why);

#endif

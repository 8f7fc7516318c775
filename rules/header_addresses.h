/* header_addresses.h - the addresses in a header, changed one by one.
 *
 * Comments, quoted strings, display names and groups stay what they are; a
 * header none of whose addresses changes stays as it was written, to the
 * octet. */
#ifndef RULES_HEADER_ADDRESSES_H
#define RULES_HEADER_ADDRESSES_H

#include <stddef.h>

#include "rules/table.h"

struct arena;

/* Whose addresses a header has, by its name. */
enum header_addresses_of {
	HEADER_ADDRESSES_NONE, /* no addresses that are rewritten */
	HEADER_ADDRESSES_SENDER,
	HEADER_ADDRESSES_RECIPIENT,
};
enum header_addresses_of header_addresses_of(const char *name, size_t len);

/*
 * What becomes of one address, in external form: TABLE_FOUND: *result, which may
 * be the same.  TABLE_NONE: it stays.  TABLE_FAILED: could not ask, and the
 * header is given up.
 */
typedef enum table_status
header_addresses_change(void *arg, const char *address, const char **result);

/*
 * header_addresses_rewrite(arena, text, most, change, arg, result):
 * Change the addresses of "Name: value", which ends with a NUL and may have
 * "\n" between the lines of a folded one.  No more than ${most} words and
 * operators are read; the rest is cut off, if anything changes at all.
 * TABLE_FOUND: *result is the new header, in ${arena}, folded in the same way.
 * TABLE_NONE: nothing changes.  TABLE_FAILED: as ${change} said.
 */
enum table_status
header_addresses_rewrite(struct arena *arena, const char *text, size_t most,
    header_addresses_change *change, void *arg, const char **result);

#endif

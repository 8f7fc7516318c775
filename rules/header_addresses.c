/* header_addresses.c - see header_addresses.h. */
#include "rules/header_addresses.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "rules/rfc822.h"

static const struct event_by by = { .program = "cleanup" };

enum {
	LINE = 70,       /* octets, where a folded line goes on with the next */
	MOST_TEXT = 250, /* octets beside an address */
};

enum header_addresses_of
header_addresses_of(const char *name, size_t len)
{
	static const struct {
		const char *name;
		enum header_addresses_of of;
	} all[] = {
		{ "Apparently-To", HEADER_ADDRESSES_RECIPIENT },
		{ "Bcc", HEADER_ADDRESSES_RECIPIENT },
		{ "Cc", HEADER_ADDRESSES_RECIPIENT },
		{ "Disposition-Notification-To", HEADER_ADDRESSES_SENDER },
		{ "Errors-To", HEADER_ADDRESSES_SENDER },
		{ "From", HEADER_ADDRESSES_SENDER },
		{ "Mail-Followup-To", HEADER_ADDRESSES_SENDER },
		{ "Reply-To", HEADER_ADDRESSES_SENDER },
		{ "Resent-Bcc", HEADER_ADDRESSES_RECIPIENT },
		{ "Resent-Cc", HEADER_ADDRESSES_RECIPIENT },
		{ "Resent-From", HEADER_ADDRESSES_SENDER },
		{ "Resent-Reply-To", HEADER_ADDRESSES_RECIPIENT },
		{ "Resent-Sender", HEADER_ADDRESSES_SENDER },
		{ "Resent-To", HEADER_ADDRESSES_RECIPIENT },
		{ "Return-Path", HEADER_ADDRESSES_SENDER },
		{ "Return-Receipt-To", HEADER_ADDRESSES_SENDER },
		{ "Sender", HEADER_ADDRESSES_SENDER },
		{ "To", HEADER_ADDRESSES_RECIPIENT },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strlen(all[i].name) == len &&
		    strncasecmp(all[i].name, name, len) == 0)
			return all[i].of;
	return HEADER_ADDRESSES_NONE;
}

/* Change one address; TABLE_FOUND: it is another one now. */
static enum table_status
change_one(struct arena *arena, struct rfc822 *address,
    header_addresses_change *change, void *arg)
{
	const char *before = rfc822_list(arena, *address, true), *after;
	enum table_status status = change(arg, before, &after);

	if (status != TABLE_FOUND)
		return status;
	*address = rfc822_scan(arena, after);
	return strcmp(before, after) == 0 ? TABLE_NONE : TABLE_FOUND;
}

static enum table_status
change_all(struct arena *arena, struct rfc822 *row,
    header_addresses_change *change, void *arg)
{
	enum table_status status, sum = TABLE_NONE;

	for (size_t i = 0; i < row->count; i++) {
		if (row->tokens[i].kind != RFC822_ADDRESS)
			continue;
		status = change_one(arena, row->tokens[i].inner, change, arg);
		if (status == TABLE_FAILED)
			return status;
		if (status == TABLE_FOUND)
			sum = TABLE_FOUND;
	}
	return sum;
}

/* One element of a list, without its comma.  With too much text beside its
 * address, that is all that is left of it: there are programs that cannot
 * take more. */
static const char *
print_element(struct arena *arena, struct rfc822 row)
{
	const char *text = rfc822_list(arena, row, true), *address;
	size_t at = rfc822_last(row, RFC822_ADDRESS);

	if (at == RFC822_NONE)
		return text;
	address = rfc822_list(arena, rfc822_part(row, at, at + 1), true);
	if (strlen(text) - strlen(address) <= MOST_TEXT)
		return text;
	event_warning(
	    &by, "stripping too many comments from address: %.100s...", text);
	return arena_printf(arena, "<%s>", address);
}

/* As many elements on a line as there is room for. */
static void
put_folded(struct buf *out, const char *element, size_t *column)
{
	size_t n = strlen(element);

	if (*column == 0) {
		*column = n;
	} else if (*column + 1 + n < LINE) {
		buf_putc(out, ' ');
		*column += n + 1;
	} else {
		buf_puts(out, "\n\t");
		*column = n;
	}
	buf_put(out, element, n);
}

static const char *
print_header(
    struct arena *arena, const char *name, size_t len, struct rfc822 row)
{
	struct buf out = { 0 };
	size_t from = 0, column = 0;
	const char *text;

	text = arena_printf(arena, "%.*s:", (int)len, name);
	for (size_t i = 0; i <= row.count; i++) {
		bool comma = i < row.count && row.tokens[i].kind == ',';

		if (!comma && i < row.count)
			continue;
		text = arena_printf(arena, "%s%s%s", from == 0 ? text : "",
		    from == 0 ? " " : "",
		    print_element(arena, rfc822_part(row, from, i)));
		put_folded(&out,
		    comma ? arena_printf(arena, "%s,", text) : text, &column);
		from = i + 1;
	}
	text = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return text;
}

enum table_status
header_addresses_rewrite(struct arena *arena, const char *text, size_t most,
    header_addresses_change *change, void *arg, const char **result)
{
	const char *colon = strchr(text, ':');
	enum table_status status;
	struct rfc822 row;

	*result = text;
	if (colon == NULL)
		return TABLE_NONE;
	row = rfc822_parse_row(arena, rfc822_scan_some(arena, colon + 1, most));
	status = change_all(arena, &row, change, arg);
	if (status == TABLE_FOUND)
		*result = print_header(arena, text, strcspn(text, ": \t"), row);
	return status;
}

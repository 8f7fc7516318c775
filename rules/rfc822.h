/* rfc822.h - the syntax of mail addresses: tokens, and lists of addresses.
 *
 * Text is read in external form (with quotes); nothing that is not understood
 * is thrown away, so that any text can be printed again. */
#ifndef RULES_RFC822_H
#define RULES_RFC822_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct rfc822;

/* What a token is: one of "()<>@,;:\".[]%!" as itself, or one of these. */
enum {
	RFC822_ATOM = 256,
	RFC822_QUOTED,  /* "...": the text between the quotes */
	RFC822_COMMENT, /* (...): with its parentheses */
	RFC822_LITERAL, /* [...]: the text between the brackets */
	RFC822_GROUP,   /* the ':' of a named group */
	RFC822_ADDRESS, /* tokens of one address: ${inner} */
};

struct rfc822_token {
	int kind;
	const char *text;     /* of a word; else NULL */
	struct rfc822 *inner; /* of RFC822_ADDRESS; else NULL */
};

/* A row of tokens: a plain value; what it points to lives in an arena, and a
 * part of a row may share it. */
struct rfc822 {
	struct rfc822_token *tokens;
	size_t count;
	size_t room;
	bool tight; /* printed without blanks that were not in quotes */
};

/* RFC822_NONE: no such token. */
#define RFC822_NONE ((size_t)-1)

/* rfc822_scan(arena, text): the tokens of ${text}. */
struct rfc822 rfc822_scan(struct arena *arena, const char *text);

/* rfc822_scan_some(arena, text, most): no more than ${most} of them. */
struct rfc822
rfc822_scan_some(struct arena *arena, const char *text, size_t most);

/*
 * rfc822_parse(arena, text):
 * The tokens of a list of addresses, those of each address together in one
 * RFC822_ADDRESS, comments beside them, missing commas added.  Tokens of a
 * display name or of a group's name, and < >, stand between the addresses.
 */
struct rfc822 rfc822_parse(struct arena *arena, const char *text);

/* rfc822_parse_row(arena, row): the same of tokens that were scanned. */
struct rfc822 rfc822_parse_row(struct arena *arena, struct rfc822 row);

/* rfc822_internal(arena, row): the tokens of one address, in internal form. */
char *rfc822_internal(struct arena *arena, struct rfc822 row);

/* rfc822_list(arena, row, external): print what rfc822_parse() made, addresses
 * and display names with quotes or without. */
char *rfc822_list(struct arena *arena, struct rfc822 row, bool external);

/* rfc822_quote(arena, text, len): ${text}, whose first ${len} octets are a
 * local part, with quotes around that if it needs them. */
char *rfc822_quote(struct arena *arena, const char *text, size_t len);

/* rfc822_first(row, kind), rfc822_last(): where the first or last token of
 * ${kind} is, or RFC822_NONE. */
size_t rfc822_first(struct rfc822 row, int kind);
size_t rfc822_last(struct rfc822 row, int kind);

/* rfc822_part(row, from, to): the tokens from..to-1, shared with ${row}. */
struct rfc822 rfc822_part(struct rfc822 row, size_t from, size_t to);

/* rfc822_add(arena, row, kind, text), rfc822_join(arena, row, more): append. */
void
rfc822_add(struct arena *arena, struct rfc822 *row, int kind, const char *text);
void rfc822_join(struct arena *arena, struct rfc822 *row, struct rfc822 more);

#endif

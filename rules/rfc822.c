/* rfc822.c - see rfc822.h. */
#include "rules/rfc822.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

/* What ends an atom.  % and ! are not in RFC 822, but route. */
static const char operators[] = "()<>@,;:\\\".[]%!";

enum { ROOM = 16 };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Line breaks never become part of an address. */
static char
plain(char c)
{
	if (is_blank(c))
		return ' ';
	return c;
}

static bool
is_word(int kind)
{
	return kind == RFC822_ATOM || kind == RFC822_QUOTED ||
	    kind == RFC822_LITERAL;
}

size_t
rfc822_first(struct rfc822 row, int kind)
{
	for (size_t i = 0; i < row.count; i++)
		if (row.tokens[i].kind == kind)
			return i;
	return RFC822_NONE;
}

size_t
rfc822_last(struct rfc822 row, int kind)
{
	for (size_t i = row.count; i-- > 0;)
		if (row.tokens[i].kind == kind)
			return i;
	return RFC822_NONE;
}

struct rfc822
rfc822_part(struct rfc822 row, size_t from, size_t to)
{
	/* No room: what is appended must not overwrite what follows. */
	return (struct rfc822){
		.tokens = row.tokens + from,
		.count = to - from,
		.room = to - from,
		.tight = row.tight,
	};
}

static void
append(struct arena *arena, struct rfc822 *row, struct rfc822_token token)
{
	struct rfc822_token *wider;

	if (row->count == row->room) {
		row->room = row->room < ROOM ? ROOM : row->room * 2;
		wider = arena_alloc(arena, row->room * sizeof *wider);
		if (row->count > 0)
			memcpy(wider, row->tokens, row->count * sizeof *wider);
		row->tokens = wider;
	}
	row->tokens[row->count++] = token;
}

void
rfc822_add(struct arena *arena, struct rfc822 *row, int kind, const char *text)
{
	append(arena, row, (struct rfc822_token){ .kind = kind, .text = text });
}

void
rfc822_join(struct arena *arena, struct rfc822 *row, struct rfc822 more)
{
	for (size_t i = 0; i < more.count; i++)
		append(arena, row, more.tokens[i]);
}

/* The octet at *p, which may be escaped, for a word; NULL at the end. */
static const char *
take(const char *p, char *word, size_t *len)
{
	if (*p == '\\' && *++p == '\0')
		return NULL;
	word[(*len)++] = plain(*p);
	return p + 1;
}

/* Collect up to ${end} (which is skipped), or to the end of the text. */
static const char *
enclosed(const char *p, char end, char *word)
{
	size_t len = 0;

	while (*p != '\0' && *p != end) {
		const char *next = take(p, word, &len);

		if (next == NULL) {
			p = "";
			break;
		}
		p = next;
	}
	word[len] = '\0';
	return *p == '\0' ? p : p + 1;
}

static const char *
atom(const char *p, char *word, int *kind)
{
	size_t len = 0;

	while (*p == '\\' ||
	    (*p != '\0' && !is_blank(*p) && strchr(operators, *p) == NULL)) {
		const char *next = take(p, word, &len);

		if (next == NULL) {
			p = "";
			break;
		}
		p = next;
	}
	word[len] = '\0';
	*kind = RFC822_ATOM;
	/* What was escaped needs quotes when it is printed. */
	for (const char *w = word; *w != '\0'; w++)
		if ((unsigned char)*w <= ' ' || *w == 0x7f ||
		    strchr(operators, *w) != NULL)
			*kind = RFC822_QUOTED;
	return p;
}

/* A comment is kept as it stands: to undo its escapes would lose its
 * nesting. */
static const char *
comment(const char *p, char *word)
{
	size_t len = 0;
	int level = 0;

	do {
		if (*p == '(')
			level++;
		else if (*p == ')')
			level--;
		else if (*p == '\\' && p[1] != '\0')
			word[len++] = *p++;
		if (*p == '\t')
			word[len++] = '\t';
		else
			word[len++] = plain(*p);
		p++;
	} while (*p != '\0' && level > 0);
	word[len] = '\0';
	return p;
}

struct rfc822
rfc822_scan(struct arena *arena, const char *text)
{
	return rfc822_scan_some(arena, text, SIZE_MAX);
}

struct rfc822
rfc822_scan_some(struct arena *arena, const char *text, size_t most)
{
	/* Words are never longer than what they were written as, and each is
	 * followed by something that is not part of one, or by the end. */
	char *word = arena_alloc(arena, 2 * strlen(text) + 1);
	struct rfc822 row = { 0 };
	int kind;

	while (*text != '\0' && row.count < most) {
		if (is_blank(*text)) {
			text++;
			continue;
		}
		if (*text == '(') {
			kind = RFC822_COMMENT;
			text = comment(text, word);
		} else if (*text == '[') {
			kind = RFC822_LITERAL;
			text = enclosed(text + 1, ']', word);
		} else if (*text == '"') {
			kind = RFC822_QUOTED;
			text = enclosed(text + 1, '"', word);
		} else if (*text != '\\' && strchr(operators, *text) != NULL) {
			rfc822_add(arena, &row, *text++, NULL);
			continue;
		} else {
			text = atom(text, word, &kind);
		}
		rfc822_add(arena, &row, kind, word);
		word += strlen(word) + 1;
	}
	return row;
}

/* A list of addresses is read from right to left: what belongs together is
 * known only when its left end is seen. */
struct parser {
	struct arena *arena;
	struct rfc822 done;    /* from right to left */
	struct rfc822 pending; /* of an address, from right to left */
	bool in_group;         /* behind its ';' */
};

static void
reverse(struct rfc822 *row)
{
	for (size_t i = 0, j = row->count; i + 1 < j; i++) {
		struct rfc822_token token = row->tokens[i];

		row->tokens[i] = row->tokens[--j];
		row->tokens[j] = token;
	}
}

/* The pending tokens are an address; ${comma}: one that another follows. */
static void
finish(struct parser *p, bool comma)
{
	struct rfc822 *inner;

	if (p->pending.count == 0)
		return;
	inner = arena_alloc(p->arena, sizeof *inner);
	*inner = p->pending;
	reverse(inner);
	inner->tight = true;
	append(p->arena, &p->done,
	    (struct rfc822_token){ .kind = RFC822_ADDRESS, .inner = inner });
	if (comma)
		rfc822_add(p->arena, &p->done, ',', NULL);
	p->pending = (struct rfc822){ 0 };
}

/* Tokens to the left, as they are, until one of ${kinds}. */
static size_t
skip(struct parser *p, struct rfc822 row, size_t i, const char *kinds)
{
	while (i > 0 &&
	    (row.tokens[i - 1].kind > 255 ||
		strchr(kinds, row.tokens[i - 1].kind) == NULL))
		append(p->arena, &p->done, row.tokens[--i]);
	return i;
}

/* At the '>' of <address>, which is row.tokens[i]. */
static size_t
bracketed(struct parser *p, struct rfc822 row, size_t i)
{
	finish(p, true);
	append(p->arena, &p->done, row.tokens[i]);
	while (i > 0 && row.tokens[i - 1].kind != '<') {
		i--;
		if (row.tokens[i].kind == RFC822_COMMENT)
			append(p->arena, &p->done, row.tokens[i]);
		else
			append(p->arena, &p->pending, row.tokens[i]);
	}
	finish(p, false);
	i = skip(p, row, i, ">;,:");
	/* A colon in front of <address> is not part of the one before it; that
	 * of a named group has its turn later. */
	if (i > 0 && row.tokens[i - 1].kind == ':' && !p->in_group)
		append(p->arena, &p->done, row.tokens[--i]);
	return i;
}

struct rfc822
rfc822_parse(struct arena *arena, const char *text)
{
	return rfc822_parse_row(arena, rfc822_scan(arena, text));
}

struct rfc822
rfc822_parse_row(struct arena *arena, struct rfc822 row)
{
	struct parser p = { .arena = arena };
	bool want_word = true;

	for (size_t i = row.count; i > 0;) {
		struct rfc822_token token = row.tokens[--i];

		if (token.kind == RFC822_COMMENT) {
			append(arena, &p.done, token);
		} else if (token.kind == ';') {
			finish(&p, true);
			append(arena, &p.done, token);
			want_word = p.in_group = true;
		} else if (token.kind == ':' && p.in_group) {
			finish(&p, false);
			rfc822_add(arena, &p.done, RFC822_GROUP, NULL);
			i = skip(&p, row, i, ",");
		} else if (token.kind == '>') {
			i = bracketed(&p, row, i);
			want_word = true;
		} else if (token.kind == ',') {
			finish(&p, false);
			append(arena, &p.done, token);
			want_word = true;
		} else {
			if (is_word(token.kind) && !want_word)
				finish(&p, true);
			append(arena, &p.pending, token);
			want_word = !is_word(token.kind);
		}
	}
	finish(&p, false);
	reverse(&p.done);
	return p.done;
}

/* RFC 5322 dot-atom, with 8-bit octets allowed. */
static bool
is_dot_string(const char *local, size_t len)
{
	if (len == 0 || local[0] == '.' || local[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)local[i] <= ' ' || local[i] == 0x7f ||
		    strchr("()<>@,;:\\\"[]", local[i]) != NULL)
			return false;
		if (local[i] == '.' && local[i + 1] == '.')
			return false;
	}
	return true;
}

char *
rfc822_quote(struct arena *arena, const char *text, size_t len)
{
	char *external, *to;

	if (is_dot_string(text, len))
		return arena_strdup(arena, text);
	external = arena_alloc(arena, len + strlen(text) + sizeof "\"\"");
	to = external;
	*to++ = '"';
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			*to++ = '\\';
		*to++ = text[i];
	}
	*to++ = '"';
	memcpy(to, text + len, strlen(text + len) + 1);
	return external;
}

/* Words need a blank between them, and what a list is made of looks better
 * with one. */
static bool
space_after(const struct rfc822_token *token, const struct rfc822_token *next)
{
	if (token->kind == ',' || token->kind == RFC822_GROUP ||
	    next->kind == '<')
		return true;
	return token->kind > 255 && next->kind > 255 &&
	    next->kind != RFC822_GROUP;
}

/* The blank behind the ${i}th token. */
static void
print_space(struct buf *out, struct rfc822 row, size_t i)
{
	if (!row.tight && i + 1 < row.count &&
	    space_after(&row.tokens[i], &row.tokens[i + 1]))
		buf_putc(out, ' ');
}

/* The ${i}th token of ${row}, which is not an address, without its quotes. */
static void
print_token(struct buf *out, struct rfc822 row, size_t i)
{
	const struct rfc822_token *token = &row.tokens[i];

	switch (token->kind) {
	case RFC822_ATOM:
	case RFC822_QUOTED:
	case RFC822_COMMENT:
		buf_puts(out, token->text);
		break;
	case RFC822_LITERAL:
		buf_putc(out, '[');
		buf_puts(out, token->text);
		buf_putc(out, ']');
		break;
	case RFC822_GROUP:
		buf_putc(out, ':');
		break;
	default:
		buf_putc(out, (char)token->kind);
		break;
	}
	print_space(out, row, i);
}

/* A token between addresses, with its quotes. */
static void
print_quoted(struct arena *arena, struct buf *out, struct rfc822 row, size_t i)
{
	const struct rfc822_token *token = &row.tokens[i];

	if (token->kind == RFC822_QUOTED) {
		const char *quoted =
		    rfc822_quote(arena, token->text, strlen(token->text));

		/* What was quoted stays so. */
		buf_printf(out, *quoted == '"' ? "%s" : "\"%s\"", quoted);
		print_space(out, row, i);
	} else {
		print_token(out, row, i);
	}
}

static void
print_address(
    struct arena *arena, struct buf *out, struct rfc822 row, bool external)
{
	const char *internal = rfc822_internal(arena, row);
	const char *at = strrchr(internal, '@');

	if (external)
		internal = rfc822_quote(arena, internal,
		    at != NULL ? (size_t)(at - internal) : strlen(internal));
	buf_puts(out, internal);
}

static char *
take_text(struct arena *arena, struct buf *out)
{
	char *text = arena_strdup(arena, buf_str(out));

	buf_free(out);
	return text;
}

char *
rfc822_internal(struct arena *arena, struct rfc822 row)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < row.count; i++)
		print_token(&out, row, i);
	return take_text(arena, &out);
}

char *
rfc822_list(struct arena *arena, struct rfc822 row, bool external)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < row.count; i++) {
		const struct rfc822_token *token = &row.tokens[i];

		if (token->kind != RFC822_ADDRESS) {
			if (external)
				print_quoted(arena, &out, row, i);
			else
				print_token(&out, row, i);
			continue;
		}
		print_address(arena, &out, *token->inner, external);
		print_space(&out, row, i);
	}
	return take_text(arena, &out);
}

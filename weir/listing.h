/* listing.h - what postconf prints: lines of words, folded or not, or JSON. */
#ifndef WEIR_LISTING_H
#define WEIR_LISTING_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/conf.h"

/* How to print, and the line that is being made. */
struct listing {
	bool fold;      /* -f: lines end before column 80 */
	bool no_labels; /* -h */
	bool no_values; /* -H */
	bool json;      /* -j: one object a line */
	bool origins;   /* -O: say where a text was written */
	struct buf line;
	size_t column;
};

/* What a value belongs to.  service and type are NULL in main.cf; kind is
 * what JSON calls ${name}. */
struct listing_label {
	const char *service, *type;
	const char *kind, *name;
};

/* listing_origin(l, origin): begin a line with "file:line: ", or "default: ",
 * if origins are asked for.  JSON has members for that. */
void listing_origin(struct listing *l, struct origin origin);

/* listing_word(l, word): the next word.  listing_text(l, text): those of
 * ${text}, however blanks separate them.  listing_break(l): if lines are
 * folded, the next word begins one. */
void listing_word(struct listing *l, const char *word);
void listing_text(struct listing *l, const char *text);
void listing_break(struct listing *l);

/* listing_column(l, column): blanks up to ${column}, at least one. */
void listing_column(struct listing *l, size_t column);

/* listing_label(l, label, origin): the members or the words that stand in
 * front of the value; false if no value is wanted. */
bool listing_label(
    struct listing *l, const struct listing_label *label, struct origin origin);

/* listing_member(l, name, value): a member of the line's JSON object. */
void listing_member(struct listing *l, const char *name, const char *value);

/* listing_value(l, label, value): a whole line, printed. */
void listing_value(struct listing *l, const struct listing_label *label,
    const struct conf_value *value);

/* listing_end(l): print the line on stdout.  listing_take(l, out): append it
 * to ${out} instead. */
void listing_end(struct listing *l);
void listing_take(struct listing *l, struct buf *out);

#endif

/* html_text.h - what a reader of HTML sees, as it streams by: no tags, comments,
 * scripts and styles, and characters instead of their names. */
#ifndef BASE_HTML_TEXT_H
#define BASE_HTML_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum { HTML_TEXT_NAME = 10, HTML_TEXT_ENTITY = 33 };

/* Zero-initialised: at the beginning.  A plain value; no memory of its own. */
struct html_text {
	unsigned state;
	char name[HTML_TEXT_NAME + 1]; /* of a tag, as far as it counts */
	size_t name_len;
	bool closing;
	char raw[HTML_TEXT_NAME + 1]; /* the element whose text is not shown */
	unsigned dashes;              /* just seen in a comment */
	bool fresh;                   /* nothing but dashes in it so far */
	char entity[HTML_TEXT_ENTITY];
	size_t entity_len;
	bool blank, in_line; /* what stands before the next character */
};

/*
 * html_text_feed(h, data, n, out):
 * Add to ${out} what is to be read of ${data}, which is UTF-8: a line for each
 * paragraph or the like, white space as one blank; over a document no more
 * octets than were fed.  Elements within a line leave nothing between the text
 * before and behind them.  Tags and comments begin and end where the HTML
 * standard says, whatever stands in them.  What style sheets do to a text is
 * not known here.  How the text is cut into pieces does not matter.
 */
void html_text_feed(
    struct html_text *h, const char *data, size_t n, struct buf *out);

/* html_text_end(h, out): that was all. */
void html_text_end(struct html_text *h, struct buf *out);

#endif

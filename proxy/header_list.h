/* header_list.h - the headers of a message one by one, to be edited. */
#ifndef PROXY_HEADER_LIST_H
#define PROXY_HEADER_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;

struct header_item {
	const char *text; /* "Name: value"; "\n" between the lines of a folded
			   * one; ends with a NUL */
	size_t len;
	bool own; /* our own Received: */
};

/* Texts live in ${arena}; items[0..count) may be walked. */
struct header_list {
	struct arena *arena;
	struct header_item *items;
	size_t count, room;
};

/* header_list_add(list, data, n, own): append the headers in ${data}, a section
 * with <CR><LF> line ends, without the empty line. */
void
header_list_add(struct header_list *list, const char *data, size_t n, bool own);

/* header_list_insert(list, at, text): put one before number ${at}, or behind
 * the last if there are fewer.  ${text} is copied, as below. */
void header_list_insert(struct header_list *list, size_t at, const char *text);

/* header_list_find(list, name, nth): the ${nth} (from 1) header of that name,
 * in any case, our own Received: not counted; list->count: there is none. */
size_t
header_list_find(const struct header_list *list, const char *name, size_t nth);

void header_list_replace(struct header_list *list, size_t at, const char *text);
void header_list_remove(struct header_list *list, size_t at);

/* header_list_print(list, out): append them all, with <CR><LF>. */
void header_list_print(const struct header_list *list, struct buf *out);

/* header_list_name(item): the length of its name.  header_list_value(item):
 * what stands behind the colon. */
size_t header_list_name(const struct header_item *item);
const char *header_list_value(const struct header_item *item);

#endif

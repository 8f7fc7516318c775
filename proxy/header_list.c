/* header_list.c - see header_list.h. */
#include "proxy/header_list.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"

static struct header_item *
make_room(struct header_list *list, size_t at)
{
	struct header_item *more;

	if (list->count == list->room) {
		list->room = list->room == 0 ? 32 : 2 * list->room;
		more = arena_alloc(list->arena, list->room * sizeof *more);
		if (list->count > 0)
			memcpy(more, list->items, list->count * sizeof *more);
		list->items = more;
	}
	memmove(list->items + at + 1, list->items + at,
	    (list->count - at) * sizeof *list->items);
	list->count++;
	list->items[at] = (struct header_item){ 0 };
	return &list->items[at];
}

/* The end of the header at ${p}: behind the last of its lines. */
static const char *
behind(const char *p, const char *end)
{
	do {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		p = lf != NULL ? lf + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	return p;
}

/* <CR><LF> within becomes "\n", at the end nothing. */
static void
set_lines(
    struct header_item *item, struct arena *arena, const char *p, size_t n)
{
	char *text = arena_strndup(arena, p, n);
	size_t to = 0;

	for (size_t i = 0; i < n; i++)
		if (text[i] != '\r' || i + 1 == n || text[i + 1] != '\n')
			text[to++] = text[i];
	if (to > 0 && text[to - 1] == '\n')
		to--;
	text[to] = '\0';
	item->text = text;
	item->len = to;
}

void
header_list_add(struct header_list *list, const char *data, size_t n, bool own)
{
	const char *end = data + n, *next;

	for (const char *p = data; p < end; p = next) {
		struct header_item *item = make_room(list, list->count);

		next = behind(p, end);
		set_lines(item, list->arena, p, (size_t)(next - p));
		item->own = own;
	}
}

static void
set(struct header_item *item, struct arena *arena, const char *text)
{
	item->len = strlen(text);
	item->text = arena_strndup(arena, text, item->len);
}

void
header_list_insert(struct header_list *list, size_t at, const char *text)
{
	if (at > list->count)
		at = list->count;
	set(make_room(list, at), list->arena, text);
}

size_t
header_list_name(const struct header_item *item)
{
	size_t n = 0;

	while (n < item->len && item->text[n] != ':' &&
	    (unsigned char)item->text[n] > 32)
		n++;
	return n;
}

const char *
header_list_value(const struct header_item *item)
{
	const char *colon = memchr(item->text, ':', item->len);

	return colon != NULL ? colon + 1 : item->text + item->len;
}

size_t
header_list_find(const struct header_list *list, const char *name, size_t nth)
{
	size_t n = strlen(name), i;

	for (i = 0; i < list->count; i++) {
		const struct header_item *item = &list->items[i];

		if (!item->own && header_list_name(item) == n &&
		    strncasecmp(item->text, name, n) == 0 && --nth == 0)
			break;
	}
	return i;
}

void
header_list_replace(struct header_list *list, size_t at, const char *text)
{
	set(&list->items[at], list->arena, text);
}

void
header_list_remove(struct header_list *list, size_t at)
{
	list->count--;
	memmove(list->items + at, list->items + at + 1,
	    (list->count - at) * sizeof *list->items);
}

void
header_list_print(const struct header_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *p = list->items[i].text;
		const char *end = p + list->items[i].len, *lf;

		for (; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL;
		     p = lf + 1) {
			buf_put(out, p, (size_t)(lf - p));
			buf_puts(out, "\r\n");
		}
		buf_put(out, p, (size_t)(end - p));
		buf_puts(out, "\r\n");
	}
}

/* json.h - as much of a JSON reader as the conformance cases need. */
#ifndef T_JSON_H
#define T_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/lines.h"

enum json_type { JSON_NULL, JSON_WORD, JSON_STRING, JSON_LIST, JSON_OBJECT };

/* A value; the members of a list or object are chained.  The text of a number,
 * true or false is as written. */
struct json {
	enum json_type type;
	const char *key;  /* in an object */
	const char *text; /* of a string or word */
	size_t len;
	const struct json *first;
	struct json *next;
};

struct json_reader {
	const char *p;
	struct arena *arena;
};

static inline void
json_blanks(struct json_reader *r)
{
	r->p += strspn(r->p, " \t\r\n");
}

static inline void
json_put_utf8(struct buf *b, unsigned long c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
	} else if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | c >> 6));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(b, (char)(0xe0 | c >> 12));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static inline const char *
json_string(struct json_reader *r, size_t *len)
{
	static const char from[] = "nrtbf\"\\/", to[] = "\n\r\t\b\f\"\\/";
	struct buf b = { 0 };
	char hex[5] = "", *copy;

	must(*r->p == '"');
	for (r->p++; *r->p != '"'; r->p++) {
		must(*r->p != '\0');
		if (*r->p != '\\') {
			buf_putc(&b, *r->p);
		} else if (*++r->p == 'u') {
			memcpy(hex, r->p + 1, 4);
			json_put_utf8(&b, strtoul(hex, NULL, 16));
			r->p += 4;
		} else {
			const char *c = strchr(from, *r->p);

			must(c != NULL && *c != '\0');
			buf_putc(&b, to[c - from]);
		}
	}
	r->p++;
	*len = b.len;
	copy = arena_strndup(r->arena, buf_str(&b), b.len);
	buf_free(&b);
	return copy;
}

static inline struct json *
json_value(struct json_reader *r)
{
	struct json *v = arena_alloc(r->arena, sizeof *v), *item;
	struct json **tail = NULL;
	const char *key = NULL;
	char close;

	json_blanks(r);
	if (*r->p == '"') {
		v->type = JSON_STRING;
		v->text = json_string(r, &v->len);
		return v;
	}
	if (*r->p != '{' && *r->p != '[') {
		v->len = strcspn(r->p, ",]} \t\r\n");
		v->text = arena_strndup(r->arena, r->p, v->len);
		v->type = strcmp(v->text, "null") == 0 ? JSON_NULL : JSON_WORD;
		r->p += v->len;
		return v;
	}
	v->type = *r->p == '{' ? JSON_OBJECT : JSON_LIST;
	close = *r->p == '{' ? '}' : ']';
	for (r->p++, json_blanks(r); *r->p != close; json_blanks(r)) {
		size_t n;

		r->p += *r->p == ',';
		json_blanks(r);
		if (v->type == JSON_OBJECT) {
			key = json_string(r, &n);
			json_blanks(r);
			must(*r->p == ':');
			r->p++;
		}
		item = json_value(r);
		item->key = key;
		if (tail == NULL)
			v->first = item;
		else
			*tail = item;
		tail = &item->next;
		json_blanks(r);
		must(*r->p == ',' || *r->p == close);
	}
	r->p++;
	return v;
}

static inline const struct json *
json_member(const struct json *object, const char *key)
{
	const struct json *v = object != NULL ? object->first : NULL;

	while (v != NULL && (v->key == NULL || strcmp(v->key, key) != 0))
		v = v->next;
	return v;
}

static inline const char *
json_text(const struct json *object, const char *key)
{
	const struct json *v = json_member(object, key);

	return v != NULL && v->type != JSON_NULL ? v->text : "";
}

/* The items of a list that is a member; they are chained. */
static inline const struct json *
json_items(const struct json *object, const char *key)
{
	const struct json *v = json_member(object, key);

	return v != NULL ? v->first : NULL;
}

/* The two texts of a list of two. */
static inline void
json_pair(const struct json *list, const char *texts[2])
{
	must(list->first != NULL && list->first->next != NULL);
	texts[0] = list->first->text;
	texts[1] = list->first->next->text;
}

static inline long
json_number(const struct json *object, const char *key)
{
	return strtol(json_text(object, key), NULL, 10);
}

/* json_shared(name, arena): the conformance file ${name}, from the folder that
 * $WEIR_SHARED names or that is beside the checkout; NULL: not there. */
static inline const struct json *
json_shared(const char *name, struct arena *arena)
{
	const char *dirs[] = { getenv("WEIR_SHARED"), "../shared",
		"../../shared" };
	struct json_reader r = { .arena = arena };
	const struct json *v = NULL;
	struct buf text = { 0 };

	for (size_t i = 0; i < 3 && v == NULL; i++) {
		if (dirs[i] == NULL ||
		    lines_load(
			arena_printf(arena, "%s/conformance/%s", dirs[i], name),
			&text, NULL) != 0)
			continue;
		r.p = buf_str(&text);
		v = json_value(&r);
	}
	buf_free(&text);
	return v;
}

#endif

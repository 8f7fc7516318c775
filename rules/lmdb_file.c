/* lmdb_file.c - see lmdb_file.h.
 *
 * The format of liblmdb 0.9 on 64-bit machines, in the machine's own octet
 * order.  Pages of one size; each begins with its number, its kind, and the
 * bounds of the free space between the positions of its nodes, in the order of
 * keys, and the nodes themselves.  Pages 0 and 1 are two states of the whole,
 * the one with the higher transaction counts. */
#include "rules/lmdb_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "rules/native.h"

_Static_assert(sizeof(size_t) == 8, "the files of other machines are others");

enum {
	HEAD = 16,     /* of a page */
	AT_KIND = 10,  /* in it */
	AT_LOWER = 12, /* and, of the first of a chain, the pages in it */
	AT_UPPER = 14,
	BRANCH = 1, /* kinds of page */
	LEAF = 2,
	CHAIN = 4, /* a value that fills pages of its own */
	META = 8,
	KINDS = BRANCH | LEAF | CHAIN | META | 0x20,
	NODE = 8,     /* octets before a node's key */
	IN_CHAIN = 1, /* a node's flag: the value is a page's number */
	LEAST_PAGE = 512,
	MOST_PAGE = 65536,
	MOST_DEPTH = 32,
	META_SIZE = HEAD + 136,
};

static const uint32_t magic = 0xBEEFC0DE, version = 1;

static const char cut_short[] = "cut short", damaged[] = "damaged";

static const char *
read_at(int fd, void *data, size_t n, uint64_t at)
{
	unsigned char *p = data;
	ssize_t r;

	while (n > 0) {
		r = pread(fd, p, n, (off_t)at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? "cannot be read" : cut_short;
		p += r;
		n -= (size_t)r;
		at += (uint64_t)r;
	}
	return NULL;
}

/* One of the two states. */
struct meta {
	uint64_t transaction, root, last;
	uint32_t page;
};

/* False: there is none at ${at}. */
static bool
read_meta(int fd, uint64_t at, struct meta *meta)
{
	unsigned char p[META_SIZE];
	const unsigned char *body = p + HEAD;

	if (read_at(fd, p, sizeof p, at) != NULL ||
	    (native_16(p + AT_KIND) & META) == 0 || native_32(body) != magic ||
	    native_32(body + 4) != version)
		return false;
	meta->page = native_32(body + 24);
	/* Nothing but the order of octets is one that Postfix uses. */
	if (native_16(body + 76) != 0)
		return false;
	meta->root = native_64(body + 112);
	meta->last = native_64(body + 120);
	meta->transaction = native_64(body + 128);
	return meta->page >= LEAST_PAGE && meta->page <= MOST_PAGE &&
	    (meta->page & (meta->page - 1)) == 0 && meta->last >= 1 &&
	    meta->last < (uint64_t)INT64_MAX / MOST_PAGE;
}

const char *
lmdb_file_open(struct lmdb_file *file, int fd)
{
	struct meta first, second;

	if (!read_meta(fd, 0, &first))
		return "not an LMDB file, or damaged";
	if (!read_meta(fd, first.page, &second) || second.page != first.page)
		return damaged;
	if (second.transaction > first.transaction)
		first = second;
	*file = (struct lmdb_file){ .fd = fd,
		.page = first.page,
		.root = first.root,
		.last = first.last };
	return NULL;
}

/* A page with nodes. */
struct page {
	unsigned char *octets;
	unsigned nodes;
	bool is_leaf;
};

static const char *
read_page(const struct lmdb_file *file, uint64_t number, struct page *page)
{
	unsigned char *p = page->octets;
	const char *why;
	unsigned kind, lower, upper;

	if (number < 2 || number > file->last)
		return damaged;
	why = read_at(file->fd, p, file->page, number * file->page);
	if (why != NULL)
		return why;
	kind = native_16(p + AT_KIND) & KINDS;
	lower = native_16(p + AT_LOWER);
	upper = native_16(p + AT_UPPER);
	if (native_64(p) != number || (kind != BRANCH && kind != LEAF) ||
	    lower < HEAD || lower > upper || upper > file->page)
		return damaged;
	page->is_leaf = kind == LEAF;
	page->nodes = (lower - HEAD) / 2;
	return page->nodes > 0 ? NULL : damaged;
}

/* What a page holds for a key: a page below it, or a value. */
struct node {
	const unsigned char *key;
	size_t key_size;
	uint64_t child;
	const unsigned char *value; /* NULL: in the chain ${child} */
	size_t value_size;
};

static const char *
read_node(const struct lmdb_file *file, const struct page *page, unsigned i,
    struct node *node)
{
	size_t at = native_16(page->octets + HEAD + (size_t)2 * i), left;
	const unsigned char *p = page->octets + at;
	unsigned low, high, flags;

	if (at < HEAD || at + NODE > file->page)
		return damaged;
	low = native_16(p);
	high = native_16(p + 2);
	flags = native_16(p + 4);
	left = file->page - at - NODE;
	*node = (struct node){ .key = p + NODE, .key_size = native_16(p + 6) };
	if (node->key_size > left)
		return damaged;
	left -= node->key_size;
	if (!page->is_leaf) {
		node->child =
		    low | (uint64_t)high << 16 | (uint64_t)flags << 32;
		return NULL;
	}
	node->value_size = low | (size_t)high << 16;
	if ((flags & ~(unsigned)IN_CHAIN) != 0)
		return damaged;
	if (flags == 0) {
		node->value = p + NODE + node->key_size;
		return node->value_size <= left ? NULL : damaged;
	}
	if (left < sizeof node->child)
		return damaged;
	node->child = native_64(p + NODE + node->key_size);
	return NULL;
}

/* A value's octets, and a NUL behind them. */
static const char *
read_value(const struct lmdb_file *file, struct arena *arena,
    const struct node *node, const char **value)
{
	size_t size = node->value_size;
	unsigned char head[HEAD];
	const char *why;
	char *text;

	if (node->value != NULL) {
		*value = arena_strndup(arena, (const char *)node->value,
		    strnlen((const char *)node->value, size));
		return NULL;
	}
	if (node->child < 2 || node->child > file->last ||
	    size > (file->last - node->child + 1) * file->page - HEAD)
		return damaged;
	why = read_at(file->fd, head, HEAD, node->child * file->page);
	if (why != NULL)
		return why;
	if (native_64(head) != node->child ||
	    (native_16(head + AT_KIND) & KINDS) != CHAIN ||
	    size > (uint64_t)native_32(head + AT_LOWER) * file->page - HEAD)
		return damaged;
	text = arena_alloc(arena, size + 1);
	why = read_at(file->fd, text, size, node->child * file->page + HEAD);
	text[size] = '\0';
	*value = text;
	return why;
}

static int
compare(const char *key, size_t n, const struct node *node)
{
	int order =
	    memcmp(key, node->key, n < node->key_size ? n : node->key_size);

	if (order != 0)
		return order;
	return n < node->key_size ? -1 : n > node->key_size ? 1 : 0;
}

/* The last node whose key is not behind ${key}.  The first key of a branch is
 * before all others and not written.  *same: it is ${key}. */
static const char *
search(const struct lmdb_file *file, const struct page *page, const char *key,
    size_t n, struct node *found, bool *same)
{
	unsigned low = 0, high = page->nodes, middle;
	struct node node;
	const char *why;
	int order;

	*same = false;
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		why = read_node(file, page, middle, &node);
		if (why != NULL)
			return why;
		order = compare(key, n, &node);
		if (order < 0)
			high = middle;
		else
			low = middle;
	}
	why = read_node(file, page, low, found);
	*same = why == NULL && page->is_leaf && compare(key, n, found) == 0;
	return why;
}

const char *
lmdb_file_find(const struct lmdb_file *file, struct arena *arena,
    const char *key, size_t n, const char **value)
{
	struct page page = { .octets = NULL };
	struct node node = { .child = file->root };
	const char *why = NULL;
	bool same = false;

	*value = NULL;
	if (file->root == UINT64_MAX)
		return NULL;
	page.octets = arena_alloc(arena, file->page);
	for (unsigned depth = 0; why == NULL && !page.is_leaf; depth++) {
		why = depth < MOST_DEPTH ? read_page(file, node.child, &page)
					 : damaged;
		if (why == NULL)
			why = search(file, &page, key, n, &node, &same);
	}
	if (why == NULL && same)
		why = read_value(file, arena, &node, value);
	return why;
}

/* A walk over all of it. */
struct walk {
	const struct lmdb_file *file;
	void (*fn)(
	    void *arg, const char *key, const char *value, unsigned line);
	void *arg;
	struct arena *arena;
	uint64_t pages; /* that may still be read: there are no circles */
	unsigned depth;
	unsigned char *octets; /* a page for each depth */
};

static const char *walk_page(struct walk *w, uint64_t number);

static const char *
walk_node(struct walk *w, const struct page *page, unsigned i)
{
	const char *why, *key, *value;
	struct node node;

	why = read_node(w->file, page, i, &node);
	if (why != NULL)
		return why;
	if (!page->is_leaf)
		return walk_page(w, node.child);
	why = read_value(w->file, w->arena, &node, &value);
	if (why != NULL)
		return why;
	key = arena_strndup(w->arena, (const char *)node.key,
	    strnlen((const char *)node.key, node.key_size));
	w->fn(w->arg, key, value, 0);
	arena_reset(w->arena);
	return NULL;
}

/* Its depth is bounded. */
static const char *
walk_page(struct walk *w, uint64_t number)
{
	struct page page = { .octets = w->octets + w->depth * w->file->page };
	const char *why;

	if (w->depth == MOST_DEPTH || w->pages == 0)
		return damaged;
	w->pages--;
	w->depth++;
	why = read_page(w->file, number, &page);
	for (unsigned i = 0; why == NULL && i < page.nodes; i++)
		why = walk_node(w, &page, i);
	w->depth--;
	return why;
}

const char *
lmdb_file_each(const struct lmdb_file *file,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg)
{
	struct walk w = {
		.file = file, .fn = fn, .arg = arg, .pages = file->last
	};
	const char *why;

	if (file->root == UINT64_MAX)
		return NULL;
	w.octets = malloc(file->page * MOST_DEPTH);
	if (w.octets == NULL)
		fatal("out of memory");
	w.arena = arena_new();
	why = walk_page(&w, file->root);
	arena_free(w.arena);
	free(w.octets);
	return why;
}

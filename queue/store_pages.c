/* store_pages.c - see store_pages.h.
 *
 * The format of liblmdb 0.9 on 64-bit machines; rules/lmdb_file.c has more words
 * about it.  Here a page must be exactly as LMDB leaves it. */
#include "queue/store_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fatal.h"
#include "queue/store_layout.h"
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
	NODE = 8,     /* octets before a node's key */
	IN_CHAIN = 1, /* flags of a node: the value is a page's number, */
	IS_TABLE = 2, /* ... is another tree */
	LEAST_PAGE = 512,
	MOST_PAGE = 65536,
	MOST_DEPTH = 32,
	META_SIZE = HEAD + 136,
	TREE = 48,    /* octets that tell of a tree */
	NUMBERS = 8,  /* a tree's flag: its keys are numbers */
	AT_FREE = 24, /* in a state of the whole: the tree of free pages, */
	AT_MAIN = 72, /* of tables, */
	AT_LAST = 120,
	AT_TRANSACTION = 128,
};

#define EMPTY UINT64_MAX /* the root of a tree without pages */

static const uint32_t magic = 0xBEEFC0DE, version = 1;

/* A tree; its keys are of so many octets. */
struct kind {
	const char *name;
	unsigned flags;
	size_t least, most;
};

/* clang-format off */
static const struct kind free_pages = { "free pages", NUMBERS, 8, 8 };
static const struct kind tables = { "tables", 0, 1, 511 };
static const struct kind kinds[] = {
	{ "message", NUMBERS, 8, 8 },
	{ "mark",    NUMBERS, 8, 8 },
	{ "chunk",   0, STORE_LAYOUT_CHUNK, STORE_LAYOUT_CHUNK },
	{ "partial", NUMBERS, 8, 8 },
	{ "qid",     0, 1, 511 },
	{ "place",   0, STORE_LAYOUT_PLACE, STORE_LAYOUT_PLACE },
	{ "meta",    0, 1, 511 },
};
/* clang-format on */

struct key {
	const unsigned char *octets; /* NULL: none */
	size_t n;
};

struct walk {
	int fd;
	size_t page;
	uint64_t last;
	uint64_t *used; /* a bit for each page */
	/* A page for each depth of a table, and of what has its tree. */
	unsigned char *octets;
	unsigned char *taken; /* for each second octet of a page */
	unsigned depth;
	const struct kind *kind;
	struct err *err;
};

/* A node, as it stands on its page. */
struct node {
	struct key key;
	unsigned flags;
	uint64_t child; /* of a branch; or the chain */
	const unsigned char *value;
	size_t value_size, size;
};

static bool
bad(const struct walk *w, uint64_t page, const char *what)
{
	err_set(w->err, "page %llu (%s): %s", (unsigned long long)page,
	    w->kind->name, what);
	return false;
}

static bool
read_at(const struct walk *w, void *data, size_t n, uint64_t page)
{
	unsigned char *p = data;
	off_t at = (off_t)(page * w->page);
	ssize_t r;

	while (n > 0) {
		r = pread(w->fd, p, n, at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return bad(w, page,
			    r < 0 ? "cannot be read" : "is not in the file");
		p += r;
		n -= (size_t)r;
		at += r;
	}
	return true;
}

/* So many pages belong to what is just being looked at, and to nothing else. */
static bool
claim(struct walk *w, uint64_t page, uint64_t count)
{
	if (page < 2 || page > w->last || count > w->last - page + 1)
		return bad(w, page, "is outside the store");
	for (; count > 0; count--, page++) {
		uint64_t bit = UINT64_C(1) << page % 64;

		if ((w->used[page / 64] & bit) != 0)
			return bad(w, page, "is used twice");
		w->used[page / 64] |= bit;
	}
	return true;
}

static int
compare(const struct walk *w, const struct key *a, const struct key *b)
{
	uint64_t x, y;
	int order;

	if ((w->kind->flags & NUMBERS) != 0) {
		x = native_64(a->octets);
		y = native_64(b->octets);
		return (x > y) - (x < y);
	}
	order = memcmp(a->octets, b->octets, a->n < b->n ? a->n : b->n);
	return order != 0 ? order : (a->n > b->n) - (a->n < b->n);
}

/* The chain of a value has room for it. */
static bool
walk_chain(struct walk *w, const struct node *node)
{
	unsigned char head[HEAD];
	uint64_t count;

	if (node->child < 2 || node->child > w->last)
		return bad(w, node->child, "is outside the store");
	if (!read_at(w, head, HEAD, node->child))
		return false;
	count = native_32(head + AT_LOWER);
	if (native_64(head) != node->child ||
	    native_16(head + AT_KIND) != CHAIN ||
	    node->value_size > count * w->page - HEAD)
		return bad(
		    w, node->child, "is not the value that it should be");
	return claim(w, node->child, count);
}

/* What stands for page numbers: how many, and they, the highest first. */
static bool
free_list(struct walk *w, const unsigned char *p, size_t n)
{
	uint64_t count = n >= 8 ? native_64(p) : UINT64_MAX, before = EMPTY;

	if (n % 8 != 0 || count >= n / 8)
		return bad(w, 0, "a list of free pages is damaged");
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t page = native_64(p + 8 * i);

		if (page >= before)
			return bad(w, page, "is free twice");
		if (!claim(w, page, 1))
			return false;
		before = page;
	}
	return true;
}

static bool
walk_free(struct walk *w, const struct node *node)
{
	unsigned char *all;
	bool good;

	if (node->value != NULL)
		return free_list(w, node->value, node->value_size);
	all = malloc(HEAD + node->value_size);
	if (all == NULL)
		fatal("out of memory");
	good = read_at(w, all, HEAD + node->value_size, node->child) &&
	    free_list(w, all + HEAD, node->value_size);
	free(all);
	return good;
}

static bool
walk_tree(struct walk *w, const struct kind *kind, const unsigned char *tree);

static bool
walk_table(struct walk *w, const struct node *node, uint64_t page)
{
	const struct kind *kind = kinds,
			  *end = kinds + sizeof kinds / sizeof *kinds;

	while (kind < end &&
	    (strlen(kind->name) != node->key.n ||
		memcmp(kind->name, node->key.octets, node->key.n) != 0))
		kind++;
	if (kind == end || node->value == NULL || node->value_size != TREE)
		return bad(w, page, "has a table that nobody made");
	return walk_tree(w, kind, node->value);
}

/* A node at ${at}; what it has for itself, nobody else has. */
static bool
read_node(struct walk *w, const unsigned char *octets, size_t at, bool leaf,
    struct node *node)
{
	const unsigned char *p = octets + at;
	size_t left, own;
	unsigned low, high;

	if (at % 2 != 0 || at < native_16(octets + AT_UPPER) ||
	    at + NODE > w->page)
		return false;
	low = native_16(p);
	high = native_16(p + 2);
	*node = (struct node){ .flags = native_16(p + 4),
		.key = { p + NODE, native_16(p + 6) } };
	left = w->page - at - NODE;
	if (node->key.n > left)
		return false;
	left -= node->key.n;
	own = 0;
	if (!leaf) {
		node->child =
		    low | (uint64_t)high << 16 | (uint64_t)node->flags << 32;
	} else {
		node->value_size = low | (size_t)high << 16;
		own = (node->flags & IN_CHAIN) != 0 ? sizeof node->child
						    : node->value_size;
		if (own > left || node->flags > IS_TABLE)
			return false;
		if ((node->flags & IN_CHAIN) != 0)
			node->child = native_64(p + NODE + node->key.n);
		else
			node->value = p + NODE + node->key.n;
	}
	node->size = (NODE + node->key.n + own + 1) & ~(size_t)1;
	if (node->size > w->page - at ||
	    memchr(w->taken + at / 2, 1, node->size / 2) != NULL)
		return false;
	memset(w->taken + at / 2, 1, node->size / 2);
	return true;
}

/* The page's head, and that its nodes fill what is not free. */
static bool
read_page(struct walk *w, uint64_t page, unsigned char *octets, bool leaf)
{
	unsigned lower, upper;
	struct node node;
	size_t sum = 0;

	if (!claim(w, page, 1) || !read_at(w, octets, w->page, page))
		return false;
	lower = native_16(octets + AT_LOWER);
	upper = native_16(octets + AT_UPPER);
	if (native_64(octets) != page ||
	    native_16(octets + AT_KIND) != (leaf ? LEAF : BRANCH) ||
	    lower <= HEAD || lower % 2 != 0 || lower > upper || upper > w->page)
		return bad(w, page, "is not the page that it should be");
	memset(w->taken, 0, w->page / 2);
	for (size_t i = HEAD; i < lower; i += 2) {
		if (!read_node(w, octets, native_16(octets + i), leaf, &node))
			return bad(w, page, "has a node that is damaged");
		sum += node.size;
	}
	if (sum != w->page - upper)
		return bad(w, page, "has nodes that are lost");
	return true;
}

static struct node
node_at(struct walk *w, const unsigned char *octets, size_t i, bool leaf)
{
	struct node node;

	/* It has just been looked at, and is looked at alone. */
	memset(w->taken, 0, w->page / 2);
	must(read_node(
	    w, octets, native_16(octets + HEAD + 2 * i), leaf, &node));
	return node;
}

static bool walk_page(struct walk *w, uint64_t page, unsigned level,
    struct key low, struct key high);

static bool
walk_value(struct walk *w, const struct node *node, uint64_t page)
{
	bool is_table = w->kind == &tables;

	if (((node->flags & IS_TABLE) != 0) != is_table)
		return bad(w, page, "has a node that is damaged");
	if (is_table)
		return walk_table(w, node, page);
	if ((node->flags & IN_CHAIN) != 0 && !walk_chain(w, node))
		return false;
	return w->kind != &free_pages || walk_free(w, node);
}

/* The keys rise, from ${low} on, and stay below ${high}.  The first one of a
 * branch is before all others, and need not be written. */
static bool
walk_nodes(struct walk *w, const unsigned char *octets, unsigned level,
    struct key low, struct key high)
{
	uint64_t page = native_64(octets);
	size_t nodes = (size_t)(native_16(octets + AT_LOWER) - HEAD) / 2;
	bool leaf = level == 1;

	for (size_t i = 0; i < nodes; i++) {
		struct node node = node_at(w, octets, i, leaf), next;
		struct key end = high;
		bool named = leaf || i > 0;

		if (named &&
		    (node.key.n < w->kind->least || node.key.n > w->kind->most))
			return bad(w, page, "has a key that is damaged");
		if (named &&
		    ((low.octets != NULL && compare(w, &node.key, &low) < 0) ||
			(high.octets != NULL &&
			    compare(w, &node.key, &high) >= 0)))
			return bad(
			    w, page, "has a key that does not belong there");
		if (i + 1 < nodes) {
			next = node_at(w, octets, i + 1, leaf);
			end = next.key;
			if (end.n < w->kind->least || end.n > w->kind->most)
				return bad(
				    w, page, "has a key that is damaged");
			if (named && compare(w, &node.key, &end) >= 0)
				return bad(w, page, "has keys out of order");
		}
		if (leaf ? !walk_value(w, &node, page)
			 : !walk_page(w, node.child, level - 1,
			       named ? node.key : low, end))
			return false;
	}
	return true;
}

/* Its depth is bounded. */
static bool
walk_page(struct walk *w, uint64_t page, unsigned level, struct key low,
    struct key high)
{
	unsigned char *octets = w->octets + w->depth * w->page;
	bool good;

	w->depth++;
	good = read_page(w, page, octets, level == 1) &&
	    walk_nodes(w, octets, level, low, high);
	w->depth--;
	return good;
}

static bool
walk_tree(struct walk *w, const struct kind *kind, const unsigned char *tree)
{
	const struct kind *before = w->kind;
	unsigned flags = native_16(tree + 4), depth = native_16(tree + 6);
	uint64_t root = native_64(tree + 40);
	struct key none = { NULL, 0 };
	bool good = true;

	w->kind = kind;
	if (flags != kind->flags || depth > MOST_DEPTH ||
	    (root == EMPTY) != (depth == 0))
		return bad(w, root == EMPTY ? 0 : root,
		    "is not the root that it should be");
	if (root != EMPTY)
		good = walk_page(w, root, depth, none, none);
	if (good)
		w->kind = before;
	return good;
}

/* The state of the whole on page 0 or 1. */
static bool
read_state(struct walk *w, uint64_t page, unsigned char *state)
{
	unsigned char all[META_SIZE];

	if (!read_at(w, all, sizeof all, page))
		return false;
	memcpy(state, all + HEAD, META_SIZE - HEAD);
	if (native_64(all) != page || native_16(all + AT_KIND) != META ||
	    native_32(state) != magic || native_32(state + 4) != version)
		return bad(w, page, "is not the page that it should be");
	return true;
}

/* The last state.  Each transaction writes the page of its number, so the two
 * are of neighbours; in a new file, both of none. */
static bool
find_state(struct walk *w, unsigned char *state)
{
	unsigned char other[META_SIZE];
	uint64_t first, second;

	w->page = 0;
	if (!read_state(w, 0, state))
		return false;
	w->page = native_32(state + AT_FREE);
	if (w->page < LEAST_PAGE || w->page > MOST_PAGE ||
	    (w->page & (w->page - 1)) != 0)
		return bad(w, 0, "has a damaged size of pages");
	if (!read_state(w, 1, other))
		return false;
	first = native_64(state + AT_TRANSACTION);
	second = native_64(other + AT_TRANSACTION);
	if (native_32(other + AT_FREE) != w->page ||
	    ((first | second) != 0 &&
		(first % 2 != 0 || second % 2 != 1 ||
		    (first + 1 != second && second + 1 != first))))
		return bad(w, 0, "and page 1 do not belong together");
	if (second > first)
		memcpy(state, other, sizeof other);
	w->last = native_64(state + AT_LAST);
	return w->last >= 1 && w->last < (uint64_t)INT64_MAX / MOST_PAGE
	    ? true
	    : bad(w, 0, "has a damaged number of pages");
}

static bool
walk_all(struct walk *w, uint64_t size)
{
	unsigned char state[META_SIZE];
	bool good;

	if (!find_state(w, state))
		return false;
	/* What was never written need not be in the file, but nearly. */
	if (w->last / 2 > size / w->page)
		return bad(w, 0, "has a damaged number of pages");
	w->used = calloc(w->last / 64 + 1, sizeof *w->used);
	w->octets = malloc(w->page * 2 * (MOST_DEPTH + 1));
	w->taken = malloc(w->page / 2);
	if (w->used == NULL || w->octets == NULL || w->taken == NULL)
		fatal("out of memory");
	good = walk_tree(w, &tables, state + AT_MAIN) &&
	    walk_tree(w, &free_pages, state + AT_FREE);
	free(w->used);
	free(w->octets);
	free(w->taken);
	return good;
}

int
store_pages_check(const char *path, struct err *err)
{
	struct walk w = { .err = err, .kind = &tables };
	struct stat st;
	bool good;

	w.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (w.fd < 0 && errno == ENOENT)
		return 0;
	if (w.fd < 0 || fstat(w.fd, &st) != 0) {
		err_set(err, "open %s: %s", path, err_errno(errno));
		if (w.fd >= 0)
			(void)close(w.fd);
		return -1;
	}
	/* One that was never begun is LMDB's. */
	good = st.st_size == 0 || walk_all(&w, (uint64_t)st.st_size);
	(void)close(w.fd);
	return good ? 0 : -1;
}

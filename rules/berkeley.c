/* berkeley.c - see berkeley.h.
 *
 * The format of Berkeley DB 5.3 and of all before it that Debian has had, in
 * the machine's own octet order.  Pages of one size; page 0 says what the file
 * is.  A hash is a number of buckets, each a chain of pages with keys and
 * values in turn; a tree has pages of keys and values as its leaves.  What is
 * too long for a page is in a chain of its own. */
#include "rules/berkeley.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/index_draft.h"
#include "rules/native.h"
#include "rules/reader_lock.h"

/* Kinds of pages. */
enum {
	HASH_UNSORTED = 2,
	TREE_BRANCH = 3,
	TREE_LEAF = 5,
	CHAIN = 7,
	HASH_META = 8,
	TREE_META = 9,
	HASH = 13,
};

/* Where what is in a page. */
enum {
	AT_NUMBER = 8,
	AT_NEXT = 16,
	AT_COUNT = 20,  /* of items; in a chain, unused */
	AT_LENGTH = 22, /* of a chain's octets in this page */
	AT_KIND = 25,
	HEAD = 26, /* of a page; where the items are, two octets each */
};

/* In page 0 alone. */
enum {
	AT_MAGIC = 12,
	AT_VERSION = 16,
	AT_SIZE = 20, /* of a page */
	AT_CIPHER = 24,
	AT_CHECKSUM = 26,
	AT_LAST = 32, /* page */
	AT_FLAGS = 48,
	AT_BUCKET = 72, /* of a hash: the last one */
	AT_SPARES = 96, /* how many pages are before those of a doubling */
	AT_ROOT = 88,   /* of a tree */
	META = 96 + 32 * 4,
};

enum {
	HASH_MAGIC = 0x061561,
	TREE_MAGIC = 0x053162,
	LEAST_HASH = 7, /* versions */
	LEAST_TREE = 8,
	MOST_VERSION = 9,
	LEAST_PAGE = 512,
	MOST_PAGE = 65536,
	MOST_DEPTH = 32,
	HERE = 1, /* kinds of items: octets; a chain's beginning */
	AWAY = 3,
};

static const char damaged[] = "damaged", cut_short[] = "cut short";

/* A file that is being read.  All functions return NULL, or what is wrong. */
struct file {
	const unsigned char *octets; /* all of it */
	size_t page;
	uint32_t pages;
	uint32_t left; /* pages that may still be visited: no circles */
	struct index_draft *draft;
	struct arena *arena; /* of one pair */
};

static const char *
visit(struct file *f, uint32_t number, const unsigned char **page)
{
	*page = NULL;
	if (number == 0 || number >= f->pages || f->left == 0)
		return damaged;
	f->left--;
	*page = f->octets + (size_t)number * f->page;
	return native_32(*page + AT_NUMBER) == number ? NULL : damaged;
}

static bool
has_items(const struct file *f, const unsigned char *page)
{
	return HEAD + (size_t)native_16(page + AT_COUNT) * 2 <= f->page;
}

static size_t
place_of(const unsigned char *page, unsigned i)
{
	return native_16(page + HEAD + (size_t)i * 2);
}

/* A text of ${n} octets that begin a chain of pages. */
static const char *
take_chain(struct file *f, uint32_t number, size_t n, const char **text)
{
	const char *why = NULL;
	const unsigned char *page;
	struct buf all = { 0 };
	size_t length;

	while (why == NULL && number != 0) {
		why = visit(f, number, &page);
		if (why != NULL)
			break;
		length = native_16(page + AT_LENGTH);
		number = native_32(page + AT_NEXT);
		if (page[AT_KIND] != CHAIN || length > f->page - HEAD)
			why = damaged;
		else
			buf_put(&all, page + HEAD, length);
	}
	if (why == NULL && all.len != n)
		why = damaged;
	if (why == NULL)
		*text = arena_strdup(f->arena, buf_str(&all));
	buf_free(&all);
	return why;
}

/* Postfix stores keys and values with a NUL at the end, or without. */
static const char *
take_octets(struct file *f, const unsigned char *p, size_t n, const char **text)
{
	*text = arena_strndup(
	    f->arena, (const char *)p, strnlen((const char *)p, n));
	return NULL;
}

/* The ${i}th item of a hash's page: it ends where the one before it begins. */
static const char *
take_hashed(
    struct file *f, const unsigned char *page, unsigned i, const char **text)
{
	size_t at = place_of(page, i);
	size_t end = i == 0 ? f->page : place_of(page, i - 1);

	if (at < HEAD || at >= end || end > f->page)
		return damaged;
	if (page[at] == HERE)
		return take_octets(f, page + at + 1, end - at - 1, text);
	if (page[at] != AWAY || end - at < 12)
		return damaged;
	return take_chain(
	    f, native_32(page + at + 4), native_32(page + at + 8), text);
}

/* The same of a tree's: it says how long it is. */
static const char *
take_sorted(
    struct file *f, const unsigned char *page, unsigned i, const char **text)
{
	size_t at = place_of(page, i), n;

	if (at < HEAD || at + 3 > f->page)
		return damaged;
	n = native_16(page + at);
	if (page[at + 2] == HERE)
		return n <= f->page - at - 3
		    ? take_octets(f, page + at + 3, n, text)
		    : damaged;
	if (page[at + 2] != AWAY || at + 12 > f->page)
		return damaged;
	return take_chain(
	    f, native_32(page + at + 4), native_32(page + at + 8), text);
}

/* The pairs of a page. */
static const char *
take_pairs(struct file *f, const unsigned char *page,
    const char *(*take)(struct file *f, const unsigned char *page, unsigned i,
	const char **text))
{
	unsigned n = native_16(page + AT_COUNT);
	const char *why = NULL, *key, *value;

	if (!has_items(f, page) || n % 2 != 0)
		return damaged;
	for (unsigned i = 0; why == NULL && i < n; i += 2) {
		why = take(f, page, i, &key);
		if (why == NULL)
			why = take(f, page, i + 1, &value);
		if (why == NULL)
			index_draft_set(f->draft, key, value, 0);
		arena_reset(f->arena);
	}
	return why;
}

/* The first page of a bucket: a doubling of their number takes pages that
 * follow each other, but not those of the one before. */
static uint32_t
page_of_bucket(const struct file *f, uint32_t bucket)
{
	unsigned doublings = 0;

	while ((UINT64_C(1) << doublings) < (uint64_t)bucket + 1)
		doublings++;
	must(doublings < 32);
	return bucket +
	    native_32(f->octets + AT_SPARES + (size_t)doublings * 4);
}

/* Nothing has ever been written to it. */
static bool
is_blank(const struct file *f, uint32_t number)
{
	const unsigned char *page;

	if (number >= f->pages)
		return false;
	page = f->octets + (size_t)number * f->page;
	return page[0] == 0 && memcmp(page, page + 1, f->page - 1) == 0;
}

/* A page of a bucket; *next: that which follows. */
static const char *
take_bucket(struct file *f, uint32_t number, uint32_t *next)
{
	const unsigned char *page;
	const char *why = visit(f, number, &page);

	if (why != NULL)
		return why;
	if (page[AT_KIND] != HASH && page[AT_KIND] != HASH_UNSORTED)
		return damaged;
	*next = native_32(page + AT_NEXT);
	return take_pairs(f, page, take_hashed);
}

static const char *
take_hash(struct file *f)
{
	uint32_t last = native_32(f->octets + AT_BUCKET), number;
	const char *why = NULL;

	if (last >= f->pages || last > INT32_MAX)
		return damaged;
	for (uint32_t bucket = 0; why == NULL && bucket <= last; bucket++) {
		number = page_of_bucket(f, bucket);
		if (is_blank(f, number))
			continue;
		do {
			why = take_bucket(f, number, &number);
		} while (why == NULL && number != 0);
	}
	return why;
}

/* A page of a tree and all below it. */
static const char *
take_tree(struct file *f, uint32_t number, unsigned depth)
{
	const unsigned char *page;
	const char *why = visit(f, number, &page);
	unsigned n;
	size_t at;

	if (why != NULL)
		return why;
	if (page[AT_KIND] == TREE_LEAF)
		return take_pairs(f, page, take_sorted);
	n = native_16(page + AT_COUNT);
	if (page[AT_KIND] != TREE_BRANCH || depth == MOST_DEPTH ||
	    !has_items(f, page) || n == 0)
		return damaged;
	for (unsigned i = 0; why == NULL && i < n; i++) {
		at = place_of(page, i);
		why = at < HEAD || at + 8 > f->page
		    ? damaged
		    : take_tree(f, native_32(page + at + 4), depth + 1);
	}
	return why;
}

/* Checks what page 0 says, and takes it all. */
static const char *
take_all(struct file *f, size_t size)
{
	const unsigned char *p = f->octets;
	uint32_t magic, version;
	bool is_hash;

	if (size < META)
		return cut_short;
	magic = native_32(p + AT_MAGIC);
	version = native_32(p + AT_VERSION);
	is_hash = magic == HASH_MAGIC;
	if ((!is_hash && magic != TREE_MAGIC) ||
	    p[AT_KIND] != (is_hash ? HASH_META : TREE_META))
		return "not a hash or btree of Berkeley DB, or damaged";
	f->page = native_32(p + AT_SIZE);
	f->pages = native_32(p + AT_LAST) + 1;
	if (version < (is_hash ? LEAST_HASH : LEAST_TREE) ||
	    version > MOST_VERSION || p[AT_CIPHER] != 0 ||
	    p[AT_CHECKSUM] != 0 || native_32(p + AT_FLAGS) != 0)
		return "of a kind that Postfix does not make";
	if (f->page < LEAST_PAGE || f->page > MOST_PAGE ||
	    (f->page & (f->page - 1)) != 0 || f->pages == 0)
		return damaged;
	if (size / f->page < f->pages)
		return cut_short;
	f->left = f->pages;
	return is_hash ? take_hash(f) : take_tree(f, native_32(p + AT_ROOT), 0);
}

const char *
berkeley_take(const void *octets, size_t size, struct index_draft *draft)
{
	struct file f = { .octets = octets, .draft = draft };
	const char *why;

	f.arena = arena_new();
	why = take_all(&f, size);
	arena_free(f.arena);
	return why;
}

static const char *
load(int fd, off_t size, struct buf *octets)
{
	ssize_t n;

	while (octets->len < (size_t)size) {
		n = read(fd, buf_reserve(octets, (size_t)size - octets->len),
		    (size_t)size - octets->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_errno(errno) : cut_short;
		buf_added(octets, (size_t)n);
	}
	return NULL;
}

/* Is the file at ${path} the one that has been locked? */
static bool
is_there(const char *path, const struct stat *locked)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == locked->st_dev &&
	    st.st_ino == locked->st_ino;
}

static const char *
load_locked(int fd, const char *path, struct stat *st, struct buf *octets)
{
	if (!reader_lock_take(fd, READER_LOCK_FLOCK))
		return "locked by a writer";
	if (fstat(fd, st) != 0 || !is_there(path, st))
		return "replaced while it was opened";
	if (!S_ISREG(st->st_mode))
		return err_errno(S_ISDIR(st->st_mode) ? EISDIR : EINVAL);
	return load(fd, st->st_size, octets);
}

int
berkeley_read(const char *path, struct index_draft *draft, struct stat *st,
    struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const char *why = fd < 0 ? err_errno(errno) : NULL;
	struct buf octets = { 0 };

	if (why == NULL)
		why = load_locked(fd, path, st, &octets);
	if (fd >= 0)
		(void)close(fd);
	if (why == NULL)
		why = berkeley_take(octets.data, octets.len, draft);
	buf_free(&octets);
	if (why == NULL)
		return 0;
	err_set(err, "open database %s: %s", path, why);
	return -1;
}

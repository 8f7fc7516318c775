/* chunk.c - see chunk.h.
 *
 * A draft is, for each expression, its flags as one octet and its text with a
 * NUL.  A file is a head, one octet for each expression (1: it is in the
 * database), the database, and the SHA-256 of all that. */
#include "rules/chunk.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fatal.h"
#include "base/multimatch.h"

enum { MOST_FILE = 256 << 20 };

/* It changes with everything that is said about drafts and files. */
static const char magic[8] = "WEIRpat1";

struct head {
	char magic[sizeof magic];
	uint32_t count, unused;
};

struct chunk {
	struct chunk *next;    /* in the list of loaded ones */
	unsigned users;        /* under the lock */
	char name[CHUNK_NAME]; /* "": not in the list */
	struct multimatch *many;
	size_t count;
	bool has[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct chunk *loaded;

void
chunk_draft_add(
    struct chunk_draft *draft, const char *expression, unsigned flags)
{
	buf_putc(&draft->text, (char)(flags & MULTIMATCH_FLAGS));
	buf_put(&draft->text, expression, strlen(expression) + 1);
	draft->count++;
}

void
chunk_name(const char *text, size_t len, char name[CHUNK_NAME])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_DIGEST_LENGTH];
	struct buf all = { 0 };

	buf_put(&all, magic, sizeof magic);
	buf_puts(&all, multimatch_version());
	buf_putc(&all, '\0');
	buf_put(&all, text, len);
	(void)SHA256((const unsigned char *)all.data, all.len, hash);
	buf_free(&all);
	for (size_t i = 0; i < sizeof hash; i++) {
		*name++ = digits[hash[i] >> 4];
		*name++ = digits[hash[i] & 15];
	}
	*name = '\0';
}

/* How many; -1: malformed. */
static int
read_draft(const char *text, size_t len,
    struct multimatch_rule rules[CHUNK_MOST_RULES])
{
	const char *p = text, *end = text + len, *nul;
	int n = 0;

	for (; p < end; p = nul + 1) {
		nul = memchr(p + 1, '\0', (size_t)(end - p - 1));
		if (nul == NULL || n == CHUNK_MOST_RULES ||
		    (*p & ~MULTIMATCH_FLAGS) != 0)
			return -1;
		rules[n++] =
		    (struct multimatch_rule){ p + 1, (unsigned char)*p };
	}
	return n;
}

static void
put_hash(struct buf *out)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	(void)SHA256((const unsigned char *)out->data, out->len, hash);
	buf_put(out, hash, sizeof hash);
}

int
chunk_compile(const char *text, size_t len, struct buf *out, struct err *err)
{
	struct multimatch_rule *rules = calloc(CHUNK_MOST_RULES, sizeof *rules);
	bool taken[CHUNK_MOST_RULES];
	struct buf database = { 0 };
	struct head head = { .count = 0 };
	int n, e = -1;

	if (rules == NULL)
		fatal("out of memory");
	n = read_draft(text, len, rules);
	if (n < 0)
		err_set(err, "malformed");
	else
		e = multimatch_compile(rules, (size_t)n, taken, &database, err);
	if (e == 0) {
		memcpy(head.magic, magic, sizeof magic);
		head.count = (uint32_t)n;
		buf_put(out, &head, sizeof head);
		for (int i = 0; i < n; i++)
			buf_putc(out, taken[i] ? 1 : 0);
		buf_put(out, database.data, database.len);
		put_hash(out);
	}
	buf_free(&database);
	free(rules);
	return e;
}

/* All that was written, and by one of our version. */
static bool
is_whole(const char *data, size_t len, struct head *head)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	if (len < sizeof *head + sizeof hash)
		return false;
	memcpy(head, data, sizeof *head);
	len -= sizeof hash;
	(void)SHA256((const unsigned char *)data, len, hash);
	return memcmp(data + len, hash, sizeof hash) == 0 &&
	    memcmp(head->magic, magic, sizeof magic) == 0 &&
	    head->count <= len - sizeof *head;
}

struct chunk *
chunk_parse(const char *data, size_t len, struct err *err)
{
	struct chunk *chunk;
	struct head head;
	size_t rest;

	if (!is_whole(data, len, &head)) {
		err_set(err, "damaged");
		return NULL;
	}
	chunk = calloc(1, sizeof *chunk + head.count * sizeof chunk->has[0]);
	if (chunk == NULL)
		fatal("out of memory");
	chunk->users = 1;
	chunk->count = head.count;
	data += sizeof head;
	rest = len - sizeof head - SHA256_DIGEST_LENGTH - chunk->count;
	for (size_t i = 0; i < chunk->count; i++)
		chunk->has[i] = data[i] != 0;
	chunk->many = multimatch_load(data + chunk->count, rest, err);
	if (chunk->many == NULL) {
		free(chunk);
		return NULL;
	}
	return chunk;
}

/* 0, or an error number. */
static int
read_all(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum { STEP = 65536 };
	ssize_t n = 0;
	int e;

	if (fd < 0)
		return errno;
	while (out->len < MOST_FILE &&
	    ((n = read(fd, buf_reserve(out, STEP), STEP)) > 0 ||
		(n < 0 && errno == EINTR)))
		buf_added(out, n > 0 ? (size_t)n : 0);
	e = n < 0 ? errno : 0;
	(void)close(fd);
	return e;
}

static struct chunk *
find_loaded(const char *name)
{
	struct chunk *chunk = loaded;

	while (chunk != NULL && strcmp(chunk->name, name) != 0)
		chunk = chunk->next;
	if (chunk != NULL)
		chunk->users++;
	return chunk;
}

static struct chunk *
load(const char *directory, const char *name, bool *missing, struct err *err)
{
	struct buf path = { 0 }, data = { 0 };
	struct chunk *chunk = NULL;
	int e;

	buf_printf(&path, "%s/%s", directory, name);
	e = read_all(buf_str(&path), &data);
	*missing = e == ENOENT;
	if (e == 0)
		chunk = chunk_parse(buf_str(&data), data.len, err);
	else
		err_set(err, "%s", err_errno(e));
	if (chunk == NULL)
		err_add(err, "%s", buf_str(&path));
	buf_free(&path);
	buf_free(&data);
	return chunk;
}

struct chunk *
chunk_load(
    const char *directory, const char *name, bool *missing, struct err *err)
{
	struct chunk *chunk;

	*missing = false;
	(void)pthread_mutex_lock(&lock);
	chunk = find_loaded(name);
	if (chunk == NULL) {
		chunk = load(directory, name, missing, err);
		if (chunk != NULL) {
			memcpy(chunk->name, name, CHUNK_NAME);
			chunk->next = loaded;
			loaded = chunk;
		}
	}
	(void)pthread_mutex_unlock(&lock);
	return chunk;
}

void
chunk_free(struct chunk *chunk)
{
	struct chunk **link;
	bool last;

	if (chunk == NULL)
		return;
	(void)pthread_mutex_lock(&lock);
	last = --chunk->users == 0;
	for (link = &loaded; last && *link != NULL; link = &(*link)->next)
		if (*link == chunk) {
			*link = chunk->next;
			break;
		}
	(void)pthread_mutex_unlock(&lock);
	if (!last)
		return;
	multimatch_free(chunk->many);
	free(chunk);
}

size_t
chunk_count(const struct chunk *chunk)
{
	return chunk->count;
}

bool
chunk_has(const struct chunk *chunk, size_t i)
{
	return chunk->has[i];
}

bool
chunk_scan(const struct chunk *chunk, const char *text, size_t len,
    void (*hit)(void *arg, unsigned i), void *arg)
{
	return multimatch_scan(chunk->many, text, len, hit, arg);
}

/* table_hash.c - hash:/path, btree:/path, dbm:/path: the index (index.h) of a
 * text file, /path.widx, that postmap writes.
 *
 * Where there is none yet it is made once, when the table is opened: written
 * beside the text if the directory lets us, and else kept in memory until
 * postmap writes one.  If there is no text either, but what Postfix has made of
 * one, /path.db, that is read into memory. */
#include "rules/table_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/berkeley.h"
#include "rules/index.h"
#include "rules/index_draft.h"
#include "rules/index_source.h"
#include "rules/pairs.h"
#include "rules/stamp.h"
#include "rules/writer_index.h"

struct hash {
	struct index *index;
	struct stamp stamp; /* of the index or .db; zero: it is in memory */
	struct stamp_age age;
	char *source, *path, *berkeley; /* text, index, .db */
	bool is_berkeley;
};

static void
close_hash(void *state)
{
	struct hash *h = state;

	index_close(h->index);
	free(h->source);
	free(h->path);
	free(h->berkeley);
	free(h);
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0 || errno != ENOENT;
}

/* There is a .db and nothing else. */
static int
take_berkeley(struct hash *h, struct err *err)
{
	struct index_draft *draft = index_draft_new();
	struct stat st;
	int result = berkeley_read(h->berkeley, draft, &st, err);

	if (result == 0) {
		h->index = index_draft_open(draft);
		h->stamp = stamp_of(&st);
		h->is_berkeley = true;
	}
	index_draft_free(draft);
	return result;
}

/* There is no index: make it from the text. */
static int
make(struct hash *h, struct table_opening *opening, struct err *err)
{
	struct index_draft *draft = index_draft_new();
	struct err why = { "" };
	struct stat st;
	int bad;

	bad = index_source_read(
	    draft, h->source, h->path, PAIRS_GUESS, opening->flags, &why);
	if (bad < 0 || stat(h->source, &st) != 0) {
		/* What the administrator must make is the index. */
		err_set(
		    err, "open database %s: %s", h->path, err_errno(ENOENT));
		index_draft_free(draft);
		return -1;
	}
	opening->bad = (unsigned)bad;
	if (index_draft_save(draft, h->path, 0600 | (st.st_mode & 044), &why) ==
	    0) {
		event_info(NULL, "%s: made, as there was none", h->path);
	} else {
		event_warning(NULL,
		    "%s: there is none, and it cannot be made (%s): "
		    "%s is read into memory; run postmap",
		    h->path, why.text, h->source);
		h->index = index_draft_open(draft);
		h->age.built = st.st_mtim;
	}
	index_draft_free(draft);
	return 0;
}

static void *
open_hash(struct table_opening *opening, struct err *err)
{
	struct hash *h = calloc(1, sizeof *h);
	struct stat st;

	if (h == NULL || (h->source = strdup(opening->name)) == NULL)
		fatal("out of memory");
	h->path = writer_index_path(opening->name);
	h->berkeley = writer_index_foreign(opening->name);
	if (!exists(h->path) &&
	    (exists(h->source) || !exists(h->berkeley)
		    ? make(h, opening, err)
		    : take_berkeley(h, err)) != 0) {
		close_hash(h);
		return NULL;
	}
	if (h->index != NULL)
		return h;
	h->index = index_open(h->path, &st, err);
	if (h->index == NULL) {
		close_hash(h);
		return NULL;
	}
	h->stamp = stamp_of(&st);
	h->age.built = st.st_mtim;
	stamp_warn_older(&h->age, h->path, h->source);
	return h;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	struct hash *h = state;
	enum table_status status = index_find(h->index, arena, key, value);

	if (status == TABLE_FOUND && !h->is_berkeley)
		value->file = arena_strdup(arena, h->source);
	else if (status == TABLE_FAILED)
		value->text =
		    arena_printf(arena, "%s: %s", h->path, value->text);
	return status;
}

static bool
changed(void *state)
{
	struct hash *h = state;

	/* Who writes into a .db locks it, but its first octets come before. */
	if (h->is_berkeley)
		return exists(h->path) ||
		    (exists(h->source) && !stamp_fresh(h->source)) ||
		    stamp_changed(&h->stamp, h->berkeley);
	stamp_warn_older(&h->age, h->path, h->source);
	return stamp_replaced(&h->stamp, h->path);
}

/* A .db may have to wait for a writer. */
static unsigned
own_flags(void *state)
{
	const struct hash *h = state;

	return h->is_berkeley ? TABLE_MAY_BLOCK : 0;
}

static int
each(void *state,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	struct hash *h = state;

	if (index_each(h->index, fn, arg, err) == 0)
		return 0;
	err_add(err, "%s", h->path);
	return -1;
}

/* clang-format off */
const struct table_type table_hash = {
	.name = "hash", .flags = TABLE_FOLDS, .open = open_hash, .find = find,
	.close = close_hash, .changed = changed, .own_flags = own_flags,
	.each = each, .writer = &writer_index,
};

const struct table_type table_hash_btree = {
	.name = "btree", .flags = TABLE_FOLDS, .open = open_hash, .find = find,
	.close = close_hash, .changed = changed, .own_flags = own_flags,
	.each = each, .writer = &writer_index,
};

const struct table_type table_hash_dbm = {
	.name = "dbm", .flags = TABLE_FOLDS, .open = open_hash, .find = find,
	.close = close_hash, .changed = changed, .own_flags = own_flags,
	.each = each, .writer = &writer_index,
};
/* clang-format on */

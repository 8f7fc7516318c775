/* store_index.c - see store_index.h. */
#include "queue/store_index.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "queue/envelope.h"
#include "queue/store.h"
#include "queue/store_layout.h"

enum { MOST_SAID = 20 };

static const struct event_by by = { .program = "qmgr" };

struct look {
	MDB_txn *txn;
	const struct store_layout *layout;
	size_t wrong;
};

static void
warn(struct look *l, uint64_t key, const char *what)
{
	if (l->wrong++ < MOST_SAID)
		event_warning(&by, "the queue is damaged: message %llu %s",
		    (unsigned long long)key, what);
}

/* LMDB's code. */
static int
find(const struct look *l, MDB_dbi table, const void *octets, size_t n)
{
	MDB_val key = { .mv_size = n }, value;

	memcpy(&key.mv_data, &octets, sizeof octets);
	return mdb_get(l->txn, table, &key, &value);
}

static int
look_at_place(struct look *l, const MDB_val *key, const MDB_val *value)
{
	struct store_place place = { .class = STORE_CORRUPT };
	int rc = MDB_NOTFOUND;

	(void)value;
	if (store_layout_place_get(key->mv_data, key->mv_size, &place))
		rc = find(l, l->layout->message, &place.key, sizeof place.key);
	if (rc == MDB_NOTFOUND)
		warn(l, place.key,
		    "has a place in the schedule, and is not there");
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
look_at_qid(struct look *l, const MDB_val *key, const MDB_val *value)
{
	uint64_t message = 0;
	int rc = MDB_NOTFOUND;

	(void)key;
	if (value->mv_size == sizeof message) {
		memcpy(&message, value->mv_data, sizeof message);
		rc = find(l, l->layout->message, &message, sizeof message);
	}
	if (rc == MDB_NOTFOUND)
		warn(l, message, "has a queue id, and is not there");
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static void
warn_of_message(struct look *l, uint64_t key, const MDB_val *record)
{
	struct arena *arena = arena_new();
	struct envelope e;

	if (!envelope_peek(record->mv_data, record->mv_size, arena, &e))
		warn(l, key, "has no place in the schedule");
	else if (l->wrong++ < MOST_SAID)
		event_warning(&by,
		    "the queue is damaged: %s has no place in the schedule, and "
		    "is not delivered until it is put on hold and released "
		    "(postsuper -h, -H)",
		    e.qid);
	arena_free(arena);
}

static int
look_at_message(struct look *l, const MDB_val *key, const MDB_val *value)
{
	unsigned char octets[STORE_LAYOUT_PLACE];
	struct store_place place;
	uint64_t message;
	int rc;

	memcpy(&message, key->mv_data, sizeof message);
	rc = store_layout_where(l->txn, l->layout, message, &place);
	/* Whoever comes to a damaged mark sets the message aside. */
	if (rc != 0 || place.class == STORE_CORRUPT)
		return rc;
	store_layout_place(&place, octets);
	rc = find(l, l->layout->place, octets, sizeof octets);
	if (rc == MDB_NOTFOUND)
		warn_of_message(l, message, value);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
look_at_all(struct look *l, MDB_dbi table,
    int (*look)(struct look *l, const MDB_val *key, const MDB_val *value))
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(l->txn, table, &cursor), bad = 0;

	if (rc != 0)
		return rc;
	while (bad == 0 &&
	    (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
		bad = look(l, &key, &value);
	mdb_cursor_close(cursor);
	return bad != 0 ? bad : rc == MDB_NOTFOUND ? 0 : rc;
}

int
store_index_check(
    MDB_txn *txn, const struct store_layout *layout, size_t *wrong)
{
	struct look l = { .txn = txn, .layout = layout };
	MDB_stat messages, ids;
	int rc = look_at_all(&l, layout->place, look_at_place);

	if (rc == 0)
		rc = look_at_all(&l, layout->qid, look_at_qid);
	if (rc == 0)
		rc = look_at_all(&l, layout->message, look_at_message);
	if (rc == 0 && (rc = mdb_stat(txn, layout->message, &messages)) == 0 &&
	    (rc = mdb_stat(txn, layout->qid, &ids)) == 0 &&
	    messages.ms_entries > ids.ms_entries) {
		l.wrong++;
		event_warning(&by,
		    "the queue is damaged: messages without a queue id: %zu",
		    messages.ms_entries - ids.ms_entries);
	}
	if (l.wrong > MOST_SAID)
		event_warning(
		    &by, "the queue is damaged: %zu things in all", l.wrong);
	*wrong = l.wrong;
	return rc;
}

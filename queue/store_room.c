/* store_room.c - see store_room.h. */
#include "queue/store_room.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { STEP = 16 * 1024 * 1024 }; /* the file grows by so many octets */

void
store_room_init(
    struct store_room *room, MDB_env *env, uint64_t limit, uint64_t reserve)
{
	MDB_stat stat;

	(void)mdb_env_stat(env, &stat);
	*room = (struct store_room){ .env = env, .page = stat.ms_psize };
	(void)mdb_env_get_fd(env, &room->fd);
	room->limit = limit / room->page;
	room->reserve = reserve / room->page;
	(void)store_room_refill(room);
}

/* Pages from the start of the file to the last one in use. */
static uint64_t
used(const struct store_room *room)
{
	MDB_envinfo info;

	(void)mdb_env_info(room->env, &info);
	return info.me_last_pgno + 1;
}

static bool
allocate(struct store_room *room, uint64_t pages)
{
	if (posix_fallocate(room->fd, 0, (off_t)(pages * room->page)) != 0)
		return false;
	room->allocated = pages;
	return true;
}

/* Have ${pages} allocated, and some more if the file system is willing. */
static bool
grow(struct store_room *room, uint64_t pages)
{
	return pages <= room->allocated ||
	    allocate(room, pages + STEP / room->page) || allocate(room, pages);
}

/* Pages within the file that are free: LMDB's own table 0 lists them, each
 * entry beginning with their number. */
static uint64_t
free_pages(const struct store_room *room)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, value;
	uint64_t total = 0;

	if (mdb_txn_begin(room->env, NULL, MDB_RDONLY, &txn) != 0)
		return 0;
	if (mdb_cursor_open(txn, 0, &cursor) == 0) {
		while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
			size_t n = 0;

			if (value.mv_size >= sizeof n)
				memcpy(&n, value.mv_data, sizeof n);
			total += n;
		}
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return total;
}

bool
store_room_for(struct store_room *room, uint64_t pages)
{
	uint64_t end = used(room) + pages;

	if (end <= room->limit && grow(room, end + room->reserve))
		return true;
	/* Free pages may lie scattered, so twice as many must be there; should
	 * that be too few, the commit fails without harm. */
	return free_pages(room) >= 2 * pages + room->reserve;
}

bool
store_room_refill(struct store_room *room)
{
	return grow(room, used(room) + room->reserve);
}

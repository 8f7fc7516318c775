/* store_layout.c - see store_layout.h. */
#include "queue/store_layout.h"

#include <endian.h>
#include <string.h>

#include "base/err.h"
#include "queue/mark.h"
#include "queue/store.h"

MDB_env *
store_layout_env(struct err *err)
{
	enum { TABLES = 7 };
	MDB_env *env;
	int rc = mdb_env_create(&env);

	if (rc != 0) {
		err_set(err, "%s", mdb_strerror(rc));
		return NULL;
	}
	if ((rc = mdb_env_set_maxdbs(env, TABLES)) != 0 ||
	    (rc = mdb_env_set_maxreaders(env, STORE_LAYOUT_READERS)) != 0) {
		err_set(err, "%s", mdb_strerror(rc));
		mdb_env_close(env);
		return NULL;
	}
	return env;
}

int
store_layout_open(MDB_txn *txn, bool create, struct store_layout *layout)
{
	const struct {
		const char *name;
		unsigned flags;
		MDB_dbi *dbi;
	} tables[] = {
		{ "message", MDB_INTEGERKEY, &layout->message },
		{ "mark", MDB_INTEGERKEY, &layout->mark },
		{ "chunk", 0, &layout->chunk },
		{ "partial", MDB_INTEGERKEY, &layout->partial },
		{ "qid", 0, &layout->qid },
		{ "place", 0, &layout->place },
		{ "meta", 0, &layout->meta },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof tables / sizeof *tables; i++)
		rc = mdb_dbi_open(txn, tables[i].name,
		    tables[i].flags | (create ? MDB_CREATE : 0U),
		    tables[i].dbi);
	return rc;
}

void
store_layout_chunk(
    uint64_t key, uint64_t number, unsigned char octets[STORE_LAYOUT_CHUNK])
{
	uint64_t k = htobe64(key);
	uint32_t n = htobe32((uint32_t)number);

	memcpy(octets, &k, sizeof k);
	memcpy(octets + sizeof k, &n, sizeof n);
}

void
store_layout_place(
    const struct store_place *place, unsigned char octets[STORE_LAYOUT_PLACE])
{
	uint64_t when = htobe64((uint64_t)place->when);
	uint64_t key = htobe64(place->key);

	octets[0] = (unsigned char)place->class;
	memcpy(octets + 1, &when, sizeof when);
	memcpy(octets + 1 + sizeof when, &key, sizeof key);
}

bool
store_layout_place_get(const void *octets, size_t n, struct store_place *place)
{
	const unsigned char *p = octets;
	uint64_t when, key;

	if (n != STORE_LAYOUT_PLACE || strchr("cdhi", p[0]) == NULL)
		return false;
	memcpy(&when, p + 1, sizeof when);
	memcpy(&key, p + 1 + sizeof when, sizeof key);
	place->class = (enum store_class)p[0];
	place->when = (int64_t)be64toh(when);
	place->key = be64toh(key);
	return true;
}

static int
is_at(MDB_txn *txn, const struct store_layout *layout,
    const struct store_place *place)
{
	unsigned char octets[STORE_LAYOUT_PLACE];
	MDB_val k = { .mv_size = sizeof octets, .mv_data = octets }, v;

	store_layout_place(place, octets);
	return mdb_get(txn, layout->place, &k, &v);
}

int
store_layout_where(MDB_txn *txn, const struct store_layout *layout,
    uint64_t key, struct store_place *place)
{
	MDB_val k = { .mv_size = sizeof key, .mv_data = &key }, v;
	int rc = mdb_get(txn, layout->mark, &k, &v);

	*place = (struct store_place){ .class = STORE_INCOMING, .key = key };
	if (rc == 0 && !mark_place(v.mv_data, v.mv_size, place))
		place->class = STORE_CORRUPT;
	if (rc != MDB_NOTFOUND)
		return rc;
	rc = is_at(txn, layout, place);
	if (rc != MDB_NOTFOUND)
		return rc;
	place->class = STORE_HOLD;
	place->when = STORE_DUE;
	rc = is_at(txn, layout, place);
	if (rc != MDB_NOTFOUND)
		return rc;
	place->when = 0;
	return 0;
}

/* A store that an earlier version wrote is read by this one (hostile 111).
 * t/golden/store-N is the file that format N left; when a format changes, its
 * last file stays and another one comes:
 *
 *	build/debug/t/store_golden.t write t/golden/store-N */
#include <string.h>

enum { MESSAGES = 8, CHUNK = 3000 };
#include "t/store_sample.h"

static bool
write_file(const char *name, const void *data, size_t n)
{
	FILE *f = fopen(name, "wb");
	bool done = f != NULL && fwrite(data, 1, n, f) == n;

	return f != NULL && fclose(f) == 0 && done;
}

static bool
read_file(const char *name)
{
	FILE *f = fopen(name, "rb");

	whole = calloc(1, 1 << 20);
	if (f == NULL || whole == NULL)
		return false;
	used = fread(whole, 1, 1 << 20, f);
	return fclose(f) == 0 && used > 0;
}

/* The keys are those that the writer gave. */
static bool
find_keys(void)
{
	struct err err = { "" };
	struct store *store = store_open(dir, &options, &err);
	bool found = store != NULL;

	for (int n = 0; found && n < MESSAGES; n++) {
		char qid[ENVELOPE_QID];

		qid_of(n, qid);
		found = store_reader_find(
			    store_reader_of(store), qid, &keys[n], &err) == 1;
	}
	if (!found)
		printf("# %s\n", err.text);
	store_close(store);
	return found;
}

static bool
is_deferred(int n)
{
	struct err err = { "" };
	struct store *store = store_open(dir, &options, &err);
	struct arena *arena = arena_new();
	struct store_place place;
	struct envelope e;
	bool good = store != NULL &&
	    store_reader_where(store_reader_of(store), keys[n], &place, &err) ==
		1 &&
	    place.class == STORE_DEFERRED && place.when == 1000 + n &&
	    store_reader_peek(
		store_reader_of(store), keys[n], arena, &e, &err) == 1 &&
	    strcmp(e.rcpts[0].reason, "try later") == 0;

	arena_free(arena);
	store_close(store);
	return good;
}

int
main(int argc, char **argv)
{
	static const char *const files[] = { "t/golden/store-1" };

	if (!make_dir())
		return 1;
	if (argc == 3 && strcmp(argv[1], "write") == 0) {
		bool done = make() && write_file(argv[2], whole, used);

		remove_store();
		return !done;
	}
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		ok(read_file(files[i]) && write_file(path, whole, used), "%s",
		    files[i]);
		ok(find_keys(), "all messages are there");
		ok(is_deferred(3), "with what became of them");
		ok(use() == FOUND_ALL, "whole, and can be worked with");
		free(whole);
	}
	remove_store();
	return done_testing();
}

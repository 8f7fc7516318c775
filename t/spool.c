/* Octets kept in memory, and then in a file. */
#include "base/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "t/tap.h"

enum { PIECE = 10000 };

static void
fill(char *piece, unsigned number)
{
	for (unsigned i = 0; i < PIECE; i++)
		piece[i] = (char)('a' + (i * 7 + number) % 26);
}

/* ${pieces} of them go in, and come out in other portions. */
static void
round_trip(const char *directory, unsigned pieces, const char *what)
{
	struct spool *s = spool_new(directory);
	struct err err = { 0 };
	char piece[PIECE], got[4096];
	uint64_t at = 0;
	bool same = true;
	ssize_t n;

	for (unsigned i = 0; i < pieces; i++) {
		fill(piece, i);
		same = same && spool_put(s, piece, PIECE, &err) == 0;
	}
	ok(same && spool_size(s) == (uint64_t)pieces * PIECE, "%s is kept",
	    what);
	while ((n = spool_get(s, at, got, sizeof got, &err)) > 0) {
		for (ssize_t i = 0; i < n; i++, at++) {
			if (at % PIECE == 0)
				fill(piece, (unsigned)(at / PIECE));
			same = same && got[i] == piece[at % PIECE];
		}
	}
	ok(n == 0 && same && at == spool_size(s), "%s comes back", what);
	is(err.text, "", "no complaint");
	spool_free(s);
}

int
main(void)
{
	char directory[] = "/tmp/weir-spool-XXXXXX", piece[PIECE];
	struct err err = { 0 };
	struct spool *s;
	int r = 0;

	if (mkdtemp(directory) == NULL)
		return 1;
	round_trip(directory, 0, "nothing");
	round_trip(directory, 3, "a little");
	round_trip(directory, 100, "a megabyte");
	ok(rmdir(directory) == 0, "nothing is left behind");
	/* It has gone. */
	s = spool_new(directory);
	fill(piece, 0);
	for (unsigned i = 0; i < 30 && r == 0; i++)
		r = spool_put(s, piece, PIECE, &err);
	ok(r == -1, "a file that cannot be made");
	ok(strstr(err.text, "No such file or directory") != NULL,
	    "is an error: %s", err.text);
	spool_free(s);
	spool_free(NULL);
	return done_testing();
}

/* Command-line options. */
#include "weir/options.h"

#include <stdlib.h>

#include "t/tap.h"

static char *
word(const char *text)
{
	return strdup(text);
}

int
main(void)
{
	char *argv[] = { word("cmd"), word("-ab"), word("-c"), word("dir"),
		word("-cvalue"), word("-x"), word("-"), word("-a") };
	char *dashes[] = { word("cmd"), word("-a"), word("--"), word("-b") };
	struct options o = { .argc = 8, .argv = argv };
	struct options d = { .argc = 4, .argv = dashes };
	struct options e = { .argc = 3, .argv = argv };

	ok(options_next(&o, "abc:") == 'a', "a letter");
	ok(options_next(&o, "abc:") == 'b', "one in a group");
	ok(options_next(&o, "abc:") == 'c', "one with a value");
	is(o.value, "dir", "in the next word");
	ok(options_next(&o, "abc:") == 'c', "again");
	is(o.value, "value", "in the same word");
	ok(options_next(&o, "abc:") == '?' && o.bad == 'x', "an unknown one");
	ok(options_next(&o, "abc:") == -1 && o.next == 6, "- is an operand");
	ok(options_next(&d, "ab") == 'a', "before --");
	ok(options_next(&d, "ab") == -1 && d.next == 3, "-- ends them");
	(void)options_next(&e, "abc:");
	(void)options_next(&e, "abc:");
	ok(options_next(&e, "abc:") == '?', "a missing value");
	for (int i = 0; i < 8; i++)
		free(argv[i]);
	for (int i = 0; i < 4; i++)
		free(dashes[i]);
	return done_testing();
}

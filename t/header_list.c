/* Headers one by one. */
#include "proxy/header_list.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "t/tap.h"

static struct header_list list;

static void
becomes(const char *want, const char *what)
{
	struct buf out = { 0 };

	header_list_print(&list, &out);
	is(buf_str(&out), want, "%s", what);
	buf_free(&out);
}

int
main(void)
{
	static const char own[] = "Received: by us;\r\n\tnow\r\n";
	static const char text[] =
	    "A: 1\r\nReceived: a\r\nB : 2\r\n 3\r\n\t4\r\na:\r\n";

	list.arena = arena_new();
	header_list_add(&list, own, strlen(own), true);
	header_list_add(&list, text, strlen(text), false);
	ok(list.count == 5, "five headers");
	is(list.items[3].text, "B : 2\n 3\n\t4", "a folded one");
	ok(header_list_name(&list.items[3]) == 1, "its name");
	is(header_list_value(&list.items[3]), " 2\n 3\n\t4", "its value");
	is(header_list_value(&list.items[4]), "", "an empty one");
	becomes("Received: by us;\r\n\tnow\r\nA: 1\r\nReceived: a\r\nB : 2\r\n "
		"3\r\n\t4\r\na:\r\n",
	    "as they came");
	ok(header_list_find(&list, "received", 1) == 2, "not our own");
	ok(header_list_find(&list, "a", 2) == 4, "the second one, in any case");
	ok(header_list_find(&list, "a", 3) == list.count, "there is no third");
	ok(header_list_find(&list, "b", 1) == 3, "blanks before the colon");
	header_list_insert(&list, 0, "Top: t");
	header_list_insert(&list, 99, "End: e\n\tf");
	header_list_remove(&list, header_list_find(&list, "B", 1));
	header_list_replace(&list, header_list_find(&list, "a", 1), "A: new");
	becomes("Top: t\r\nReceived: by us;\r\n\tnow\r\nA: new\r\nReceived: "
		"a\r\na:\r\nEnd: e\r\n\tf\r\n",
	    "inserted, removed, replaced");
	for (unsigned i = 0; i < 1000; i++)
		header_list_insert(&list, 3, "X: y");
	ok(list.count == 1006 &&
		strcmp(list.items[1005].text, "End: e\n\tf") == 0,
	    "a thousand more");
	arena_free(list.arena);
	return done_testing();
}

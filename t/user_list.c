/* Lists of users by number. */
#include "queue/user_list.h"

#include "base/buf.h"
#include "t/tap.h"

int
main(void)
{
	struct buf b = { 0 };

	ok(user_list_has(NULL, 7), "no list: everybody");
	ok(!user_list_has("", 7), "a damaged one: nobody");
	user_list_begin(&b, true);
	is(buf_str(&b), "+", "others may");
	ok(user_list_has(buf_str(&b), 0), "all of them");
	user_list_add(&b, 12);
	user_list_add(&b, 4294967295U);
	is(buf_str(&b), "+ 12 4294967295", "but two");
	ok(!user_list_has(buf_str(&b), 12) &&
		!user_list_has(buf_str(&b), 4294967295U),
	    "these may not");
	ok(user_list_has(buf_str(&b), 1) && user_list_has(buf_str(&b), 2) &&
		user_list_has(buf_str(&b), 0) && user_list_has(buf_str(&b), 42),
	    "those whose numbers look like it may");
	buf_reset(&b);
	user_list_begin(&b, false);
	user_list_add(&b, 0);
	ok(user_list_has(buf_str(&b), 0) && !user_list_has(buf_str(&b), 10),
	    "one who may");
	buf_free(&b);
	return done_testing();
}

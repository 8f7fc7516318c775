/* What a client is told is always well formed (hostile.md 57). */
#include "proxy/reply.h"

#include <string.h>

#include "base/buf.h"
#include "t/tap.h"

static void
gives(const char *text, const char *want, const char *what)
{
	struct buf b = { 0 };

	reply_put(&b, text);
	ok(strcmp(buf_str(&b), want) == 0, "%s", what);
	if (strcmp(buf_str(&b), want) != 0)
		printf("# got %s", buf_str(&b));
	buf_free(&b);
}

int
main(void)
{
	char longer[3000];
	struct buf b = { 0 };

	gives("250 2.0.0 Ok", "250 2.0.0 Ok\r\n", "one line");
	gives("250 a\nb\nc", "250-a\r\n250-b\r\n250 c\r\n", "three lines");
	gives("554 a\rb", "554 a?b\r\n", "a CR cannot end it");
	gives("554 \xc3\xa4 \xc3 \xff", "554 \xc3\xa4 ? ?\r\n",
	    "UTF-8 stays, other octets do not");
	gives("554 \xe0\x80\x80 \xed\xa0\x80", "554 ??? ???\r\n",
	    "overlong forms and surrogates are not UTF-8");
	gives("hello", "450 4.7.1 Service unavailable\r\n", "no code");
	gives("", "450 4.7.1 Service unavailable\r\n", "nothing");
	gives("999 x", "450 4.7.1 Service unavailable\r\n", "no such code");
	gives("250", "250 \r\n", "a code alone");
	memset(longer, 'x', sizeof longer);
	memcpy(longer, "550 ", 4);
	longer[sizeof longer - 1] = '\0';
	reply_put(&b, longer);
	ok(b.len == REPLY_LINE, "a long line is cut to 512 octets");
	ok(reply_code("354 go") == 354, "a code");
	ok(reply_code("3540") == 0, "four digits are none");
	buf_free(&b);
	return done_testing();
}

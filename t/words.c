/* Command lines and the parameters of MAIL and RCPT. */
#include "proxy/words.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "proxy/esmtp.h"
#include "t/tap.h"

static struct arena *arena;

static void
splits(const char *line, const char *want)
{
	struct words w;
	char got[512] = "";

	words_parse(arena, line, &w);
	for (size_t i = 0; i < w.count; i++)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got),
		    "%s%s", i > 0 ? "|" : "", w.word[i]);
	ok(strcmp(got, want) == 0, "%s", line);
	if (strcmp(got, want) != 0)
		printf("# got %s\n", got);
}

static void
parameters(void)
{
	int64_t n = 0;

	ok(esmtp_size("1000", &n) == ESMTP_SIZE_OK && n == 1000, "SIZE=1000");
	ok(esmtp_size("-1", &n) == ESMTP_SIZE_SYNTAX, "row 39: SIZE=-1");
	ok(esmtp_size("", &n) == ESMTP_SIZE_SYNTAX, "SIZE=");
	ok(esmtp_size("18446744073709551616", &n) == ESMTP_SIZE_OVERFLOW,
	    "row 39: SIZE=2^64");
	ok(esmtp_notify("SUCCESS,failure") == 6, "NOTIFY=SUCCESS,failure");
	ok(esmtp_notify("NEVER") == 1, "NOTIFY=NEVER");
	ok(esmtp_notify("NEVER,DELAY") == 0, "NEVER stands alone");
	ok(esmtp_notify("DELAY,DELAY") == 0, "not twice");
	ok(esmtp_notify("") == 0 && esmtp_notify("DELAY,") == 0, "not empty");
	ok(esmtp_ret("full") == 'F' && esmtp_ret("HDRS") == 'H', "RET=");
	ok(esmtp_ret("x") == 0, "RET=x");
	ok(esmtp_envid(arena, "QQ+2B314159"), "ENVID=QQ+2B314159");
	ok(!esmtp_envid(arena, "a+0Ab"), "row 40: ENVID= with +0A");
	ok(!esmtp_envid(arena, "a+0D+0Ab"), "row 40: ENVID= with +0D+0A");
	ok(!esmtp_envid(arena, "a+00"), "row 40: ENVID= with +00");
	ok(!esmtp_envid(arena, "a+0"), "ENVID= that is cut short");
	ok(!esmtp_envid(arena, "a+"), "ENVID= that ends in +");
	ok(esmtp_orcpt(arena, "rfc822;a+40b"), "ORCPT=rfc822;a+40b");
	ok(!esmtp_orcpt(arena, "rfc822;a+0Ab"), "row 40: ORCPT= with +0A");
	ok(!esmtp_orcpt(arena, "rfc822;a+00"), "row 40: ORCPT= with +00");
	ok(!esmtp_orcpt(arena, "rfc822"), "ORCPT= without address");
	ok(!esmtp_orcpt(arena, ";a"), "ORCPT= without type");
}

int
main(void)
{
	arena = arena_new();
	splits("EHLO foo", "EHLO|foo");
	splits("  noop ", "noop");
	splits("", "");
	splits("MAIL FROM:<a@b> SIZE=1", "MAIL|FROM:|<a@b>|SIZE=1");
	splits("MAIL FROM: <a@b>", "MAIL|FROM:|<a@b>");
	splits("RCPT TO:<\"a > b\"@c>", "RCPT|TO:|<\"a > b\"@c>");
	splits("RCPT TO:<a b>", "RCPT|TO:|<a b>");
	splits("RCPT TO:<a", "RCPT|TO:|<a");
	splits("RCPT TO:\"a b\"@c X", "RCPT|TO:|\"a b\"@c|X");
	splits("MAIL FROM:<a> ENVID=a:b", "MAIL|FROM:|<a>|ENVID=a:b");
	splits("Subject: foo", "Subject:|foo");
	parameters();
	arena_free(arena);
	return done_testing();
}

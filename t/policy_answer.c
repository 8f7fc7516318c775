/* What a policy server answers for each verdict. */
#include "policy/policy_answer.h"

#include <fcntl.h>

#include "base/arena.h"
#include "base/event.h"
#include "checks/subject.h"
#include "policy/policy_leftover.h"
#include "t/tap.h"

static struct arena *arena;
static char said[1000]; /* warnings */

static void
listen_to(const char *text)
{
	(void)strncat(said, text, sizeof said - strlen(said) - 2);
	(void)strncat(said, "\n", sizeof said - strlen(said) - 1);
}

static struct subject
someone(void)
{
	return (struct subject){ .arena = arena,
		.client_name = "c.example",
		.client_addr = "192.0.2.1",
		.helo = "h.example",
		.sender = "s@example.net",
		.recipient = "u@example.com" };
}

static const char *
answer_at(const struct verdict *v, enum stage stage)
{
	struct subject s = someone();

	said[0] = '\0';
	return policy_answer(v, stage, &s, NULL);
}

static const char *
answer(const struct verdict *v)
{
	return answer_at(v, STAGE_RCPT);
}

static void
passes(void)
{
	struct verdict v = { .pass = true };

	is(answer(&v), "DUNNO", "a list that passes: DUNNO");
	v.written = true;
	is(answer(&v), "OK", "one that says OK in as many words");
	v.if_reject = "<u@example.com>: Recipient address rejected: later";
	v.if_reject_dsn = "4.7.1";
	is(answer(&v), "DEFER_IF_REJECT 4.7.1 later", "defer_if_reject");
	v.elsewhere = "greylist";
	is(answer(&v), "greylist", "a class of the asker's");
}

static void
refuses(void)
{
	struct verdict v = { .code = 554,
		.dsn = "5.7.1",
		.text = "<u@example.com>: Recipient address rejected: no" };

	is(answer(&v), "554 5.7.1 no", "Postfix says itself what is rejected");
	is(answer_at(&v, STAGE_MAIL),
	    "554 5.7.1 <u@example.com>: Recipient address rejected: no",
	    "but not of another thing");
	v.text = "<s@example.net>: Sender address rejected: no";
	is(answer_at(&v, STAGE_MAIL), "554 5.7.1 no", "a sender");
	v.text = "<c.example[192.0.2.1]>: Client host rejected: no";
	is(answer_at(&v, STAGE_CONNECT), "554 5.7.1 no", "a client");
	v.text = "<h.example>: Helo command rejected: no";
	is(answer_at(&v, STAGE_HELO), "554 5.7.1 no", "a HELO");
	v.text = "<DATA>: Data command rejected: no";
	is(answer_at(&v, STAGE_DATA), "554 5.7.1 no", "DATA");
	v.text = "<END-OF-MESSAGE>: End-of-data rejected: no";
	is(answer_at(&v, STAGE_END), "554 5.7.1 no", "the end");
	v.text = "";
	is(answer(&v), "554 5.7.1", "nothing to say");
	v = (struct verdict){
		.code = 450, .dsn = "4.1.8", .text = "a\nb", .deferral = true
	};
	is(answer(&v), "DEFER_IF_PERMIT 4.1.8 a b",
	    "a deferral waits for what others find, in one line");
	v.if_reject = "later";
	is(answer(&v), "450 4.1.8 a b", "unless a refusal were to be one, too");
}

static void
asks_for_more(void)
{
	struct effect second = { .kind = EFFECT_PREPEND, .text = "X-B: 2" };
	struct effect first = { &second, EFFECT_PREPEND, "X-A: 1", 0 };
	struct effect hold = { &first, EFFECT_HOLD, "", 0 };
	struct effect old = { &hold, EFFECT_FILTER, "smtp:old", 0 };
	struct effect filter = { &first, EFFECT_FILTER, "smtp:[h]", 0 };
	struct effect sleep = { .kind = EFFECT_SLEEP, .number = 5 };
	struct effect nap = { &sleep, EFFECT_SLEEP, "", 7 };
	struct verdict v = { .pass = true, .effects = &second };

	is(answer(&v), "PREPEND X-B: 2", "a header");
	is(said, "", "nothing is lost");
	v.effects = &first;
	is(answer(&v), "PREPEND X-A: 1", "of two headers the first");
	is(said,
	    "warning: c.example[192.0.2.1]: PREPEND X-B: 2 is not told: an "
	    "answer has room for one action\n",
	    "the other one is in the log");
	v.effects = &old;
	is(answer(&v), "HOLD", "HOLD before FILTER");
	ok(strstr(said, "FILTER smtp:old") != NULL &&
		strstr(said, "X-A") != NULL && strstr(said, "X-B") != NULL,
	    "what is lost");
	v.elsewhere = "greylist";
	is(answer(&v), "HOLD", "HOLD before a class");
	v.effects = &filter;
	is(answer(&v), "greylist", "a class before FILTER");
	ok(strstr(said, "FILTER smtp:[h]") != NULL, "which is lost");
	v = (struct verdict){ .pass = true, .effects = &nap };
	is(answer(&v), "DUNNO", "sleep is no action");
	ok(policy_answer_pause(&v) == 12, "but a pause");
}

/* What has no room waits for the next request about the same message. */
static void
waits(void)
{
	struct policy_leftovers *left = policy_leftover_new();
	struct effect hold = { .kind = EFFECT_HOLD, .text = "" };
	struct effect second = { &hold, EFFECT_PREPEND, "X-B: 2", 0 };
	struct effect first = { &second, EFFECT_PREPEND, "X-A: 1", 0 };
	struct verdict v = { .pass = true, .effects = &first };
	struct verdict none = { .pass = true };
	struct verdict yes = { .pass = true, .written = true };
	struct subject s = someone(), other = someone();

	s.instance = "1.2";
	other.instance = "1.3";
	said[0] = '\0';
	is(policy_answer(&v, STAGE_RCPT, &s, left), "HOLD", "one now");
	is(policy_answer(&v, STAGE_RCPT, &s, left), "HOLD", "and again");
	is(policy_answer(&none, STAGE_RCPT, &other, left), "DUNNO",
	    "another message");
	is(policy_answer(&yes, STAGE_RCPT, &s, left), "OK", "OK stays OK");
	is(policy_answer(&none, STAGE_END, &s, left), "DUNNO",
	    "no header at the end");
	is(policy_answer(&none, STAGE_CONNECT, &s, left), "DUNNO",
	    "nor before there is a message");
	is(policy_answer(&none, STAGE_RCPT, &s, left), "PREPEND X-A: 1",
	    "the first that waits, in the place of DUNNO");
	is(policy_answer(&none, STAGE_DATA, &s, left), "PREPEND X-B: 2",
	    "the second");
	is(policy_answer(&none, STAGE_DATA, &s, left), "DUNNO",
	    "each waits once");
	is(said, "", "nothing is lost");
	s.instance = NULL;
	is(policy_answer(&v, STAGE_RCPT, &s, left), "HOLD", "an old Postfix");
	ok(strstr(said, "X-A") != NULL && strstr(said, "X-B") != NULL,
	    "nothing can wait");
	s.instance = "1.4";
	(void)policy_answer(&v, STAGE_RCPT, &s, left);
	policy_leftover_free(left);
}

int
main(void)
{
	event_open(&(struct event_target){ .name = "t",
	    .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
	    .json_fd = -1 });
	event_tap(listen_to);
	arena = arena_new();
	passes();
	refuses();
	asks_for_more();
	waits();
	arena_free(arena);
	return done_testing();
}

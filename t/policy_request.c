/* Requests of the policy protocol: what is read of them, in which pieces they
 * may come, and what is none. */
#include "policy/policy_request.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/fatal.h"
#include "t/tap.h"

/* The outcome of ${text}, given ${piece} octets at a time; what was read of it
 * is in ${r} and *copy. */
static enum policy_request_got
feed(const char *text, size_t len, size_t piece, struct policy_request *r,
    char **copy)
{
	enum policy_request_got got = POLICY_REQUEST_MORE;
	struct err err = { 0 };
	size_t used = 0;
	char *before;

	*r = (struct policy_request){ 0 };
	*copy = NULL;
	for (size_t had = 0, n; got == POLICY_REQUEST_MORE && had < len;
	     had = n) {
		n = had + piece < len ? had + piece : len;
		/* It moves when more comes. */
		before = *copy;
		*copy = malloc(n);
		must(*copy != NULL);
		if (before != NULL)
			memcpy(*copy, before, had);
		memcpy(*copy + had, text + had, n - had);
		free(before);
		got = policy_request_read(r, *copy, n, &used, &err);
	}
	if (got == POLICY_REQUEST_BAD && err.text[0] == '\0')
		got = POLICY_REQUEST_MORE; /* it must say why */
	return got;
}

static bool
says(const struct policy_request *r, const char *data, enum policy_name name,
    const char *value)
{
	const char *got = policy_request_value(r, data, name);

	return got == NULL || value == NULL ? got == value
					    : strcmp(got, value) == 0;
}

static const char postfix[] =
    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
    "protocol_name=ESMTP\nclient_address=2001:db8::1\n"
    "client_name=a.example\nreverse_client_name=unknown\n"
    "helo_name=a=b.example\nsender=\nrecipient=u@example.com\n"
    "recipient_count=0\nqueue_id=\ninstance=1.2.3\nsize=1234\n"
    "some_day=more\n=\x80\n"
    "policy_context=in\n\n";

static void
read_it(void)
{
	static const char crlf[] = "request=smtpd_access_policy\r\n"
				   "protocol_state=RCPT\r\nsender=\r\n\r\n";
	struct policy_request r;
	char *data, text[sizeof postfix];

	ok(feed(postfix, sizeof postfix - 1, 1000, &r, &data) ==
		POLICY_REQUEST_BAD,
	    "an attribute without a name");
	free(data);
	memcpy(text, postfix, sizeof postfix);
	memcpy(strstr(text, "\n=\x80") + 1, "x=", 2);
	for (size_t piece = 1; piece < sizeof text; piece += 7) {
		ok(feed(text, sizeof text - 1, piece, &r, &data) ==
			POLICY_REQUEST_WHOLE,
		    "whole in pieces of %zu", piece);
		ok(says(&r, data, POLICY_SENDER, "") &&
			says(&r, data, POLICY_RECIPIENT, "u@example.com") &&
			says(&r, data, POLICY_HELO_NAME, "a=b.example") &&
			says(&r, data, POLICY_CONTEXT, "in") &&
			says(&r, data, POLICY_STRESS, NULL),
		    "its values");
		free(data);
	}
	ok(feed(crlf, sizeof crlf - 1, 3, &r, &data) == POLICY_REQUEST_WHOLE &&
		says(&r, data, POLICY_PROTOCOL_STATE, "RCPT") &&
		says(&r, data, POLICY_SENDER, ""),
	    "lines that end in CRLF");
	free(data);
}

/* Several in one piece. */
static void
read_two(void)
{
	char text[] = "request=smtpd_access_policy\nprotocol_state=MAIL\n"
		      "sender=a\n\n"
		      "request=smtpd_access_policy\nprotocol_state=DATA\n\n";
	struct policy_request r = { 0 };
	struct err err = { 0 };
	size_t used = 0, rest = 0;

	ok(policy_request_read(&r, text, sizeof text - 1, &used, &err) ==
		POLICY_REQUEST_WHOLE,
	    "the first of two");
	ok(policy_request_read(&r, text, sizeof text - 1, &rest, &err) ==
		    POLICY_REQUEST_WHOLE &&
		rest == used && says(&r, text, POLICY_SENDER, "a"),
	    "read again it is the same");
	r = (struct policy_request){ 0 };
	ok(policy_request_read(&r, text + used, sizeof text - 1 - used, &rest,
	       &err) == POLICY_REQUEST_WHOLE &&
		used + rest == sizeof text - 1 &&
		says(&r, text + used, POLICY_PROTOCOL_STATE, "DATA") &&
		says(&r, text + used, POLICY_SENDER, NULL),
	    "the second one");
}

static void
refuse(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "\n", "nothing but its end" },
		{ "hello\n", "a line that is no attribute" },
		{ "request=smtpd_access_policy\n\n", "no state" },
		{ "protocol_state=RCPT\n\n", "no kind of request" },
		{ "request=junk\nprotocol_state=RCPT\n\n", "another kind" },
		{ "request=smtpd_access_policy\nsender=a\nsender=b\n",
		    "an attribute that is there twice" },
	};
	static const char nul[] = "request=smtpd_access_policy\nsender=a\0b\n";
	static char big[POLICY_REQUEST_MOST + 10];
	struct policy_request r;
	char *data;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ok(feed(bad[i].text, strlen(bad[i].text), 4, &r, &data) ==
			POLICY_REQUEST_BAD,
		    "malformed: %s", bad[i].why);
		free(data);
	}
	ok(feed(nul, sizeof nul - 1, 100, &r, &data) == POLICY_REQUEST_BAD,
	    "malformed: a NUL");
	free(data);
	memset(big, 'a', sizeof big);
	ok(feed(big, POLICY_REQUEST_MOST - 1, 4096, &r, &data) ==
		POLICY_REQUEST_MORE,
	    "a line that may still end");
	free(data);
	ok(feed(big, sizeof big, 4096, &r, &data) == POLICY_REQUEST_BAD,
	    "malformed: a line without an end");
	free(data);
	for (size_t i = 0; i < sizeof big - 5; i += 5)
		memcpy(big + i, "b=cc\n", 5);
	ok(feed(big, sizeof big, 4096, &r, &data) == POLICY_REQUEST_BAD,
	    "malformed: attributes without an end");
	free(data);
}

int
main(void)
{
	read_it();
	read_two();
	refuse();
	return done_testing();
}

/* Filters of DNS lists: Postfix's own cases (dnsbl_reply_pattern in
 * conformance/unit_cases.json, which is not part of this tree), and ours. */
#include "checks/dnsbl_filter.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/lines.h"
#include "t/tap.h"

/* The next JSON string at or behind *p, without its quotes; "" at the end. */
static const char *
next_string(const char **p, char text[512])
{
	const char *q = strchr(*p, '"');
	size_t n = 0;

	text[0] = '\0';
	if (q == NULL)
		return text;
	for (q++; *q != '\0' && *q != '"' && n < 511; q++) {
		q += *q == '\\';
		text[n++] = *q;
	}
	text[n] = '\0';
	*p = q + (*q == '"');
	return text;
}

static void
try_addresses(const char *p, const char *end, const char *pattern)
{
	char address[512], verdict[512];
	struct dnsbl_filter filter;
	unsigned char octets[4];

	(void)dnsbl_filter_parse(pattern, &filter, NULL);
	while (p < end) {
		(void)next_string(&p, address);
		if (p >= end || inet_pton(AF_INET, address, octets) != 1)
			break;
		(void)next_string(&p, verdict);
		is(dnsbl_filter_has(&filter, octets) ? "yes" : "no", verdict,
		    "%s: %s", pattern, address);
	}
}

static void
try_pattern(const char *p, const char *end)
{
	char pattern[512], result[512], key[512];
	struct dnsbl_filter filter;
	struct err err = { 0 };

	(void)next_string(&p, key);
	(void)next_string(&p, pattern);
	(void)next_string(&p, key);
	(void)next_string(&p, result);
	(void)next_string(&p, key); /* "matches" */
	if (dnsbl_filter_parse(pattern, &filter, &err)) {
		ok(strncmp(result, "Code: ", 6) == 0, "%s", pattern);
		try_addresses(p, end, pattern);
	} else {
		is(err.text, result + strcspn(result, " ") + 1, "%s", pattern);
	}
}

static void
test_postfix(void)
{
	const char *shared = getenv("WEIR_SHARED");
	struct buf path = { 0 }, text = { 0 };
	const char *p, *end;

	buf_printf(&path, "%s/conformance/unit_cases.json",
	    shared != NULL ? shared : "../shared");
	if (lines_load(buf_str(&path), &text, NULL) != 0) {
		printf("# skipped: no %s: 26 patterns\n", buf_str(&path));
	} else {
		buf_putc(&text, '\n');
		p = strstr(text.data, "\"dnsbl_reply_pattern\"");
		end = p != NULL ? strstr(p, "\"mac_expand\"") : NULL;
		ok(end != NULL, "the cases are there");
		while (p != NULL && (p = strstr(p, "\"pattern\"")) != NULL &&
		    p < end) {
			const char *next = strstr(p + 1, "\"pattern\"");

			try_pattern(p, next != NULL && next < end ? next : end);
			p++;
		}
	}
	buf_free(&path);
	buf_free(&text);
}

static void
test_ours(void)
{
	static const unsigned char listed[] = { 127, 0, 0, 4 };
	struct dnsbl_filter filter;

	ok(dnsbl_filter_parse("127.0.0.[2;4..11]", &filter, NULL) &&
		dnsbl_filter_has(&filter, listed),
	    "a set of values");
	ok(!dnsbl_filter_parse("", &filter, NULL), "nothing is no filter");
	ok(dnsbl_filter_parse("[127.0.0.4]", &filter, NULL) &&
		dnsbl_filter_has(&filter, listed),
	    "brackets around the whole");
}

int
main(void)
{
	test_ours();
	test_postfix();
	return done_testing();
}

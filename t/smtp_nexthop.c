/* Next-hop forms (L-70, L-75). */
#include "delivery/smtp_nexthop.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "t/tap.h"

static const struct {
	const char *text;
	bool lmtp;
	const char *host; /* or the path; NULL: not accepted */
	unsigned port;
	bool mx;
} cases[] = {
	{ "example.com", false, "example.com", 25, true },
	{ "example.com:2525", false, "example.com", 2525, true },
	{ "example.com:smtp", false, "example.com", 25, true },
	{ "[mail.example.com]", false, "mail.example.com", 25, false },
	{ "[mail.example.com]:587", false, "mail.example.com", 587, false },
	{ "[192.0.2.1]", false, "192.0.2.1", 25, false },
	{ "[2001:db8::1]:26", false, "2001:db8::1", 26, false },
	{ "[IPv6:2001:db8::1]", false, "IPv6:2001:db8::1", 25, false },
	{ "2001:db8::1", false, "2001:db8::1", 25, true },
	{ "", false, NULL, 0, false },
	{ ":25", false, NULL, 0, false },
	{ "[]", false, NULL, 0, false },
	{ "[host", false, NULL, 0, false },
	{ "[host]x", false, NULL, 0, false },
	{ "host:", false, NULL, 0, false },
	{ "host:0", false, NULL, 0, false },
	{ "host:65536", false, NULL, 0, false },
	{ "host:no-such-service", false, NULL, 0, false },
	{ "unix:/run/filter", false, "/run/filter", 0, false },
	{ "unix:run/filter", false, NULL, 0, false },
	{ "unix:/run/lmtp", true, "/run/lmtp", 0, false },
	{ "unix:private/lmtp", true, "private/lmtp", 0, false },
	{ "unix:", true, NULL, 0, false },
	{ "inet:host:24", true, "host", 24, false },
	{ "inet:[::1]:24", true, "::1", 24, false },
	{ "host", true, "host", 25, false },
};

int
main(void)
{
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct smtp_nexthop hop;
		struct err err = { { 0 } };
		int rc = smtp_nexthop_parse(
		    cases[i].text, cases[i].lmtp, 25, arena, &hop, &err);

		if (cases[i].host == NULL)
			ok(rc == -1 && err.text[0] != '\0', "\"%s\": %s",
			    cases[i].text, err.text);
		else if (hop.unix_path != NULL)
			is(hop.unix_path, cases[i].host, "\"%s\"",
			    cases[i].text);
		else
			ok(rc == 0 && strcmp(hop.host, cases[i].host) == 0 &&
				hop.port == cases[i].port &&
				hop.mx == cases[i].mx &&
				hop.exact ==
				    (strchr(cases[i].text, '[') != NULL),
			    "\"%s\"", cases[i].text);
	}
	{
		struct smtp_nexthop hop;
		struct err err = { { 0 } };

		(void)smtp_nexthop_parse(
		    "example.com:submission", false, 25, arena, &hop, &err);
		is(hop.service, "submission", "the service as written");
		(void)smtp_nexthop_parse(
		    "example.com", false, 25, arena, &hop, &err);
		ok(hop.service == NULL, "no service");
	}
	arena_free(arena);
	return done_testing();
}

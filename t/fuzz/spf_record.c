/* Whatever a policy is, what the library is given of it is printable, small,
 * and unchanged by the guard; and its evaluation ends, with every name that it
 * asks for being one that the DNS can have. */
#include "checks/spf_record.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "checks/spf_evaluate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_NAME = 253, MOST_QUESTIONS = 128 };

static void
guard(const char *text, size_t len, bool v6)
{
	const struct spf_record_of of = { "d.e.example", "a-b.c@d.e.example",
		"h.example", v6 };
	struct buf once = { 0 }, twice = { 0 };
	const char *why;

	if (spf_record_guard(text, len, &of, &once, &why)) {
		must(once.len <= 16 * len + 64);
		for (size_t i = 0; i < once.len; i++)
			must(once.data[i] >= ' ' && once.data[i] <= '~');
		if (once.len <= SPF_RECORD_MOST) {
			must(spf_record_guard(
			    once.data, once.len, &of, &twice, &why));
			must(strcmp(buf_str(&once), buf_str(&twice)) == 0);
		}
	}
	buf_free(&once);
	buf_free(&twice);
}

/* All names have the policy, an address, and three mail exchangers. */
static void
evaluate(const char *text, size_t len, const char *client)
{
	static const struct spf_datum hosts[] = { { "a.example", 9 },
		{ "b.example", 9 }, { "c.example", 9 } };
	static const struct spf_datum address = { "\300\0\2\1\0\0\0\0"
						  "\0\0\0\0\0\0\0\1",
		4 };
	struct arena *arena = arena_new();
	struct spf_datum policy = { text, len };
	struct spf_fact facts[MOST_QUESTIONS + SPF_MOST_WANTS];
	struct spf_query query = { .helo = "h.example",
		.sender = "a-b.c@d.e.example",
		.receiver = "r.example",
		.facts = facts };
	struct spf_reply reply;

	(void)net_parse(client, &query.client);
	for (;;) {
		spf_evaluate(arena, &query, &reply);
		if (reply.nwants == 0)
			break;
		must(query.nfacts < MOST_QUESTIONS);
		for (size_t i = 0; i < reply.nwants; i++) {
			struct spf_fact *f = &facts[query.nfacts++];
			enum dns_type type = reply.wants[i].type;

			must(strlen(reply.wants[i].name) <= MOST_NAME);
			*f = (struct spf_fact){ reply.wants[i].name, type,
				DNS_FOUND, &policy, 1 };
			if (type == DNS_A)
				f->data = &address;
			else if (type == DNS_AAAA)
				f->status = DNS_NODATA, f->count = 0;
			else if (type != DNS_TXT)
				f->data = hosts, f->count = 3;
		}
	}
	arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	if (!spf_record_is(text, size))
		return 0;
	guard(text, size, false);
	guard(text, size, true);
	evaluate(text, size, "198.51.100.1");
	evaluate(text, size, "2001:db8::1");
	return 0;
}

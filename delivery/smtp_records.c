/* smtp_records.c - see smtp_records.h. */
#include "delivery/smtp_records.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/event.h"
#include "base/net.h"
#include "rules/world.h"

/* The record as tables know it: "example.com. 300 IN MX 10 mail.example.com." */
static const char *
print(const struct dns_question *q, const struct dns_record *r,
    struct arena *arena)
{
	struct net_addr addr = { .family =
				     q->type == DNS_A ? NET_IPV4 : NET_IPV6 };
	char text[NET_TEXT];

	if (q->type == DNS_MX)
		return arena_printf(arena, "%s. %u IN MX %u %s.", q->name,
		    q->answer.ttl, r->preference, r->name);
	memcpy(addr.octets, r->octets, sizeof addr.octets);
	return arena_printf(arena, "%s. %u IN %s %s", q->answer.canon,
	    q->answer.ttl, q->type == DNS_A ? "A" : "AAAA",
	    net_print(&addr, text));
}

/* TABLE_FOUND: it is to be ignored. */
static enum table_status
is_ignored(const struct table_list *tables, struct world *world,
    struct arena *arena, const char *record)
{
	struct table_value value;

	switch (world_find_any(world, arena, tables, record, &value)) {
	case TABLE_NONE:
		return TABLE_NONE;
	case TABLE_FAILED:
		return TABLE_FAILED;
	case TABLE_FOUND:
		break;
	}
	if (strcasecmp(value.text, "IGNORE") == 0) {
		event_info(NULL, "ignoring DNS RR: %s", record);
		return TABLE_FOUND;
	}
	event_warning(NULL, "%s: unknown DNS filter action: \"%s\"",
	    tables->name, value.text);
	return TABLE_FAILED;
}

enum smtp_records
smtp_records_filter(const struct table_list *tables, struct world *world,
    struct arena *arena, struct dns_question *question)
{
	struct dns_answer *answer = &question->answer;
	struct dns_record *kept;
	size_t n = 0;

	if (tables == NULL || answer->status != DNS_FOUND)
		return SMTP_RECORDS_KEPT;
	kept = arena_alloc(arena, answer->count * sizeof kept[0]);
	for (size_t i = 0; i < answer->count; i++) {
		switch (is_ignored(tables, world, arena,
		    print(question, &answer->records[i], arena))) {
		case TABLE_NONE:
			kept[n++] = answer->records[i];
			break;
		case TABLE_FOUND:
			break;
		case TABLE_FAILED:
			return SMTP_RECORDS_FAILED;
		}
	}
	answer->records = kept;
	answer->count = n;
	return n > 0 ? SMTP_RECORDS_KEPT : SMTP_RECORDS_GONE;
}

/* record_filter.c - see record_filter.h. */
#include "rules/record_filter.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/net.h"
#include "rules/world.h"

const char *
record_filter_type(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_MX:
		return "MX";
	case DNS_NS:
		return "NS";
	case DNS_TXT:
		return "TXT";
	case DNS_CNAME:
		return "CNAME";
	case DNS_PTR:
		return "PTR";
	case DNS_SRV:
		return "SRV";
	case DNS_TLSA:
		return "TLSA";
	}
	return "?";
}

const char *
record_filter_reason(enum record_filter result)
{
	return result == RECORD_FILTER_GONE
	    ? "DNS reply filter drops all results"
	    : "Invalid DNS reply filter syntax";
}

/* The record as tables know it: "example.com. 300 IN MX 10 mail.example.com." */
static const char *
print(const struct dns_question *q, const struct dns_record *r,
    struct arena *arena)
{
	/* Of an alias the record is that of what it stands for; answers from a
	 * cache of ours do not say. */
	const char *owner = q->answer.canon != NULL ? q->answer.canon : q->name;
	const char *head = arena_printf(arena, "%s. %u IN %s ", owner,
	    (unsigned)q->answer.ttl, record_filter_type(q->type));
	struct net_addr addr = { .family =
				     q->type == DNS_A ? NET_IPV4 : NET_IPV6 };
	char text[NET_TEXT];

	switch (q->type) {
	case DNS_A:
	case DNS_AAAA:
		memcpy(addr.octets, r->octets, sizeof addr.octets);
		return arena_printf(
		    arena, "%s%s", head, net_print(&addr, text));
	case DNS_MX:
		return arena_printf(
		    arena, "%s%u %s.", head, r->preference, r->name);
	case DNS_SRV:
		return arena_printf(arena, "%s%u %u %u %s.", head,
		    r->preference, r->weight, r->port, r->name);
	case DNS_TXT:
		return arena_printf(arena, "%s%s", head, r->name);
	default:
		return arena_printf(arena, "%s%s.", head, r->name);
	}
}

/* TABLE_FOUND: it is to be ignored. */
static enum table_status
is_ignored(const struct table_list *tables, struct world *world,
    struct arena *arena, const struct event_by *by, const char *record)
{
	struct table_value value;
	enum table_status status =
	    world_find_any(world, arena, tables, record, &value);

	if (status != TABLE_FOUND)
		return status;
	if (strcasecmp(value.text, "IGNORE") == 0) {
		event_info(by, "ignoring DNS RR: %s", record);
		return TABLE_FOUND;
	}
	event_warning(by, "%s: unknown DNS filter action: \"%s\"", tables->name,
	    value.text);
	return TABLE_FAILED;
}

enum record_filter
record_filter(const struct table_list *tables, struct world *world,
    struct arena *arena, const struct event_by *by,
    struct dns_question *question)
{
	struct dns_answer *answer = &question->answer;
	struct dns_record *kept;
	size_t n = 0;

	if (tables == NULL || answer->status != DNS_FOUND)
		return RECORD_FILTER_KEPT;
	kept = arena_alloc(arena, (answer->count + 1) * sizeof kept[0]);
	for (size_t i = 0; i < answer->count; i++) {
		switch (is_ignored(tables, world, arena, by,
		    print(question, &answer->records[i], arena))) {
		case TABLE_NONE:
			kept[n++] = answer->records[i];
			break;
		case TABLE_FOUND:
			break;
		case TABLE_FAILED:
			answer->count = 0;
			return RECORD_FILTER_FAILED;
		}
	}
	answer->records = kept;
	answer->count = n;
	return n > 0 ? RECORD_FILTER_KEPT : RECORD_FILTER_GONE;
}

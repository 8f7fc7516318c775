/* spf_frame.c - see spf_frame.h. */
#include "checks/spf_frame.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"

enum { MOST_DATA = 1000 }; /* records of an answer */

static const enum dns_type types[] = { DNS_A, DNS_PTR, DNS_MX, DNS_TXT,
	DNS_AAAA };

static size_t
octets_of(enum net_family family)
{
	return family == NET_IPV6 ? 16 : 4;
}

void
spf_frame_put_query(struct buf *out, const struct spf_query *query)
{
	size_t start = frame_begin(out, SPF_FRAME_QUERY, 0);

	frame_put_num(out, query->client.family);
	frame_put_data(
	    out, query->client.octets, octets_of(query->client.family));
	frame_put_str(out, query->helo);
	frame_put_str(out, query->sender);
	frame_put_str(out, query->receiver);
	frame_put_num(out, query->nfacts);
	for (size_t i = 0; i < query->nfacts; i++) {
		const struct spf_fact *f = &query->facts[i];

		frame_put_str(out, f->name);
		frame_put_num(out, f->type);
		frame_put_num(out, f->status);
		frame_put_num(out, f->count);
		for (size_t k = 0; k < f->count; k++)
			frame_put_data(out, f->data[k].data, f->data[k].len);
	}
	frame_end(out, start);
}

void
spf_frame_put_reply(struct buf *out, const struct spf_reply *reply)
{
	size_t start = frame_begin(out, SPF_FRAME_REPLY, 0);

	frame_put_num(out, reply->nwants);
	for (size_t i = 0; i < reply->nwants; i++) {
		frame_put_str(out, reply->wants[i].name);
		frame_put_num(out, reply->wants[i].type);
	}
	frame_put_num(out, reply->result);
	frame_put_str(out, reply->why);
	frame_end(out, start);
}

static bool
read_client(struct frame_reader *r, struct net_addr *client)
{
	uint64_t family = frame_num(r);
	const char *octets;
	size_t n;

	octets = frame_data(r, &n);
	if (family != NET_IPV4 && family != NET_IPV6)
		return false;
	client->family = (enum net_family)family;
	if (n != octets_of(client->family))
		return false;
	memcpy(client->octets, octets, n);
	return true;
}

static bool
read_type(struct frame_reader *r, enum dns_type *type)
{
	uint64_t value = frame_num(r);

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (value == (uint64_t)types[i]) {
			*type = types[i];
			return true;
		}
	return false;
}

static bool
read_fact(struct frame_reader *r, struct arena *arena, struct spf_fact *fact)
{
	struct spf_datum *data;
	uint64_t status, count;

	fact->name = frame_str(r, arena);
	if (!read_type(r, &fact->type))
		return false;
	status = frame_num(r);
	count = frame_num(r);
	if (r->bad || status > DNS_RETRY || count > MOST_DATA)
		return false;
	fact->status = (enum dns_status)status;
	fact->count = (size_t)count;
	data = arena_alloc(arena, (fact->count + 1) * sizeof *data);
	fact->data = data;
	for (size_t i = 0; i < fact->count; i++)
		data[i].data = frame_data(r, &data[i].len);
	return !r->bad;
}

bool
spf_frame_query(
    const char *body, size_t len, struct arena *arena, struct spf_query *query)
{
	struct frame_reader r = { .p = body, .end = body + len };
	struct spf_fact *facts;
	uint64_t n;

	*query = (struct spf_query){ 0 };
	if (!read_client(&r, &query->client))
		return false;
	query->helo = frame_str(&r, arena);
	query->sender = frame_str(&r, arena);
	query->receiver = frame_str(&r, arena);
	n = frame_num(&r);
	if (r.bad || n > SPF_MOST_FACTS)
		return false;
	query->nfacts = (size_t)n;
	facts = arena_alloc(arena, (query->nfacts + 1) * sizeof *facts);
	query->facts = facts;
	for (size_t i = 0; i < query->nfacts; i++)
		if (!read_fact(&r, arena, &facts[i]))
			return false;
	return !r.bad && r.p == r.end;
}

bool
spf_frame_reply(
    const char *body, size_t len, struct arena *arena, struct spf_reply *reply)
{
	struct frame_reader r = { .p = body, .end = body + len };
	uint64_t n = frame_num(&r), result;

	*reply = (struct spf_reply){ 0 };
	if (r.bad || n > SPF_MOST_WANTS)
		return false;
	reply->nwants = (size_t)n;
	for (size_t i = 0; i < reply->nwants; i++) {
		reply->wants[i].name = frame_str(&r, arena);
		if (!read_type(&r, &reply->wants[i].type))
			return false;
	}
	result = frame_num(&r);
	reply->why = frame_str(&r, arena);
	if (r.bad || result >= SPF_RESULTS || r.p != r.end)
		return false;
	reply->result = (enum spf_result)result;
	return true;
}

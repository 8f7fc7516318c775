/* reply_macro.c - see reply_macro.h. */
#include "checks/reply_macro.h"

#include <string.h>

#include "base/arena.h"
#include "base/local_time.h"
#include "checks/note.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/world.h"

struct facts {
	const struct subject *subject;
	const struct site *site;
};

static const char *
client(const struct facts *f)
{
	return note_client(f->subject);
}

static const char *
client_address(const struct facts *f)
{
	return f->subject->client_addr;
}

static const char *
client_name(const struct facts *f)
{
	return f->subject->client_name;
}

static const char *
client_port(const struct facts *f)
{
	return f->subject->client_port;
}

static const char *
reverse_client_name(const struct facts *f)
{
	return f->subject->reverse_name;
}

static const char *
helo_name(const struct facts *f)
{
	return f->subject->helo;
}

/* The null sender has a name in templates. */
static const char *
sender(const struct facts *f)
{
	const char *address = f->subject->sender;

	return address != NULL && address[0] == '\0' ? "<>" : address;
}

static const char *
name_of(const struct facts *f, const char *address)
{
	const char *domain;

	if (address == NULL)
		return NULL;
	domain = address_domain(address);
	if (domain == NULL)
		return address;
	return arena_strndup(
	    f->subject->arena, address, (size_t)(domain - address) - 1);
}

static const char *
sender_name(const struct facts *f)
{
	return name_of(f, sender(f));
}

static const char *
sender_domain(const struct facts *f)
{
	const char *address = sender(f);

	return address != NULL ? address_domain(address) : NULL;
}

static const char *
recipient(const struct facts *f)
{
	return f->subject->recipient;
}

static const char *
recipient_name(const struct facts *f)
{
	return name_of(f, recipient(f));
}

static const char *
recipient_domain(const struct facts *f)
{
	const char *address = recipient(f);

	return address != NULL ? address_domain(address) : NULL;
}

static const char *
server_name(const struct facts *f)
{
	return f->site->myhostname;
}

static const char *
localtime_text(const struct facts *f)
{
	const struct subject *s = f->subject;
	char text[LOCAL_TIME_TEXT];

	return arena_strdup(s->arena,
	    local_time_text(text, world_now(s->world), "%b %d %H:%M:%S"));
}

/* What a template may name; ${ours} needs no filter. */
/* clang-format off */
static const struct fact {
	const char *name;
	const char *(*get)(const struct facts *f);
	unsigned char ours;
} facts[] = {
	{ "client",              client,              0 },
	{ "client_address",      client_address,      0 },
	{ "client_name",         client_name,         0 },
	{ "client_port",         client_port,         0 },
	{ "reverse_client_name", reverse_client_name, 0 },
	{ "helo_name",           helo_name,           0 },
	{ "sender",              sender,              0 },
	{ "sender_name",         sender_name,         0 },
	{ "sender_domain",       sender_domain,       0 },
	{ "recipient",           recipient,           0 },
	{ "recipient_name",      recipient_name,      0 },
	{ "recipient_domain",    recipient_domain,    0 },
	{ "localtime",           localtime_text,      1 },
	{ "server_name",         server_name,         1 },
	{ NULL, NULL, 0 },
};
/* clang-format on */

static const struct fact *
find_fact(const char *name)
{
	const struct fact *fact = facts;

	while (fact->name != NULL && strcmp(fact->name, name) != 0)
		fact++;
	return fact;
}

bool
reply_macro_known(const char *name)
{
	return find_fact(name)->name != NULL;
}

const char *
reply_macro_clean(
    const struct subject *subject, const struct site *site, const char *value)
{
	char *clean = arena_strdup(subject->arena, value);

	for (char *p = clean; *p != '\0'; p++)
		if (strchr(site->expansion_filter, *p) == NULL)
			*p = '_';
	return clean;
}

const char *
reply_macro_find(
    const struct subject *subject, const struct site *site, const char *name)
{
	const struct facts f = { subject, site };
	const struct fact *fact = find_fact(name);
	const char *value;

	value = fact->name != NULL ? fact->get(&f) : NULL;
	if (value == NULL || fact->ours)
		return value;
	return reply_macro_clean(subject, site, value);
}

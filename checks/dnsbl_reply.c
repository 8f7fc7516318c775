/* dnsbl_reply.c - see dnsbl_reply.h. */
#include "checks/dnsbl_reply.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/macro.h"
#include "checks/check.h"
#include "checks/note.h"
#include "checks/site.h"
#include "checks/status_code.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/table.h"
#include "rules/world.h"

struct facts {
	const struct ask *ask;
	const char *zone; /* without the filter */
	const char *reason;
};

static const char *
client(const struct facts *f)
{
	return note_client(f->ask->subject);
}

static const char *
client_address(const struct facts *f)
{
	return f->ask->subject->client_addr;
}

static const char *
client_name(const struct facts *f)
{
	return f->ask->subject->client_name;
}

static const char *
client_port(const struct facts *f)
{
	return f->ask->subject->client_port;
}

static const char *
reverse_client_name(const struct facts *f)
{
	return f->ask->subject->reverse_name;
}

static const char *
helo_name(const struct facts *f)
{
	return f->ask->subject->helo;
}

/* The null sender has a name in templates. */
static const char *
sender(const struct facts *f)
{
	const char *address = f->ask->subject->sender;

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
	    f->ask->subject->arena, address, (size_t)(domain - address) - 1);
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
	return f->ask->subject->recipient;
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
	return f->ask->site->myhostname;
}

static const char *
localtime_text(const struct facts *f)
{
	struct subject *s = f->ask->subject;
	time_t now = (time_t)(world_now(s->world) / CLOCK_SECOND);
	struct tm tm;
	char text[32] = "";

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(text, sizeof text, "%b %d %H:%M:%S", &tm) == 0)
		return NULL;
	return arena_strdup(s->arena, text);
}

static const char *
rbl_code(const struct facts *f)
{
	return arena_printf(f->ask->subject->arena, "%d",
	    (int)f->ask->site->params.maps_rbl_reject_code);
}

static const char *
rbl_domain(const struct facts *f)
{
	return f->zone;
}

static const char *
rbl_reason(const struct facts *f)
{
	return f->reason;
}

static const char *
rbl_what(const struct facts *f)
{
	return f->ask->value;
}

static const char *
rbl_class(const struct facts *f)
{
	return f->ask->class;
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
	{ "rbl_code",            rbl_code,            1 },
	{ "rbl_domain",          rbl_domain,          1 },
	{ "rbl_reason",          rbl_reason,          0 },
	{ "rbl_txt",             rbl_reason,          0 },
	{ "rbl_what",            rbl_what,            0 },
	{ "rbl_class",           rbl_class,           1 },
	{ NULL, NULL, 0 },
};
/* clang-format on */

static const char *
find_fact(void *arg, const char *name)
{
	const struct facts *f = arg;
	const struct fact *fact = facts;
	const char *value;
	char *clean;

	while (fact->name != NULL && strcmp(fact->name, name) != 0)
		fact++;
	value = fact->name != NULL ? fact->get(f) : NULL;
	if (value == NULL || fact->ours)
		return value;
	clean = arena_strdup(f->ask->subject->arena, value);
	for (char *p = clean; *p != '\0'; p++)
		if (strchr(f->ask->site->expansion_filter, *p) == NULL)
			*p = '_';
	return clean;
}

/* Expand ${template} and cut it into code, enhanced code and text. */
static bool
apply(struct facts *f, const char *template, struct answer *answer)
{
	const struct ask *ask = f->ask;
	struct macro macro = { .find = find_fact, .arg = f };
	struct buf out = { 0 };
	struct err err = { 0 };
	const char *text, *rest, *dsn;
	int status = macro_expand(&macro, template, &out, &err);

	text = arena_strdup(ask->subject->arena, buf_str(&out));
	buf_free(&out);
	if ((status & MACRO_BAD) != 0) {
		event_warning(ask->subject->by,
		    "macro_expand: bad rbl reply template for domain %s: %s",
		    f->zone, template);
		return false;
	}
	if ((text[0] != '4' && text[0] != '5') ||
	    !isdigit((unsigned char)text[1]) ||
	    !isdigit((unsigned char)text[2]) || text[3] != ' ') {
		event_warning(ask->subject->by, "RBL reply error: %s", text);
		answer_reject(
		    ask, answer, 450, "4.7.1", "%s", "Service unavailable");
		return true;
	}
	rest = text + 4;
	dsn = status_code_take(ask->subject->arena, &rest, "4.7.1");
	answer_reject(
	    ask, answer, (int)strtol(text, NULL, 10), dsn, "%s", rest);
	return true;
}

/* The template for ${zone}: by the whole text with its filter, then by the
 * zone alone.  NULL: could not ask. */
static const char *
find_template(struct facts *f, const char *zone)
{
	const struct ask *ask = f->ask;
	struct subject *s = ask->subject;
	const char *keys[] = { zone, f->zone };
	struct table_value value = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		if (i == 1 && strcmp(keys[0], keys[1]) == 0)
			break;
		switch (world_find_any(s->world, s->arena,
		    ask->site->rbl_reply_maps, keys[i], &value)) {
		case TABLE_FOUND:
			return value.text;
		case TABLE_NONE:
			break;
		default:
			return NULL;
		}
	}
	return ask->site->params.default_rbl_reply;
}

void
dnsbl_reply(struct ask *ask, const char *zone, const char *reason,
    struct answer *answer)
{
	struct facts f = { .ask = ask, .reason = reason };
	const char *template;

	f.zone = arena_strndup(ask->subject->arena, zone, strcspn(zone, "="));
	template = find_template(&f, zone);
	if (template != NULL &&
	    (apply(&f, template, answer) ||
		apply(&f, ask->site->params.default_rbl_reply, answer)))
		return;
	answer_fault(ask, answer);
}

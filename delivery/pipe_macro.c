/* pipe_macro.c - see pipe_macro.h. */
#include "delivery/pipe_macro.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macro.h"
#include "delivery/pipe_request.h"
#include "delivery/pipe_service.h"
#include "rules/address.h"

/* What one expansion is about. */
struct scene {
	const struct pipe_service *service;
	const struct pipe_request *request;
	const struct pipe_rcpt *rcpt;
	const char *delimiters;
	struct arena *arena;
	bool each; /* a macro is about the recipient */
};

struct macro_row {
	const char *name;
	size_t offset; /* of the text in the request */
	const char *(*value)(const struct scene *s);
	bool each; /* for each recipient */
};

static const char *
lower_if(const struct scene *s, enum pipe_flag flag, const char *text)
{
	return s->service->flags & (unsigned)flag ? address_fold(s->arena, text)
						  : text;
}

/* What stands in front of the last @, and behind it. */
static const char *
local_part(const struct scene *s, const char *address)
{
	const char *at = strrchr(address, '@');

	return lower_if(s, PIPE_FOLD_USER,
	    at != NULL
		? arena_strndup(s->arena, address, (size_t)(at - address))
		: address);
}

static const char *
domain_part(const struct scene *s, const char *address)
{
	const char *domain = address_domain(address);

	return domain != NULL ? lower_if(s, PIPE_FOLD_DOMAIN, domain) : "";
}

static const char *
whole(const struct scene *s, const char *address)
{
	const char *domain = domain_part(s, address);
	const char *local = local_part(s, address);

	if (s->service->flags & PIPE_QUOTE)
		local = address_external_local(s->arena, local);
	return strchr(address, '@') != NULL
	    ? arena_printf(s->arena, "%s@%s", local, domain)
	    : local;
}

static const char *
sender(const struct scene *s)
{
	if (s->request->sender[0] == '\0')
		return s->service->null_sender;
	return s->service->flags & PIPE_QUOTE
	    ? address_external(s->arena, s->request->sender)
	    : s->request->sender;
}

static const char *
nexthop(const struct scene *s)
{
	return lower_if(s, PIPE_FOLD_DOMAIN, s->request->nexthop);
}

static const char *
size(const struct scene *s)
{
	return arena_printf(
	    s->arena, "%llu", (unsigned long long)s->request->size);
}

static const char *
recipient(const struct scene *s)
{
	return whole(s, s->rcpt->address);
}

static const char *
original_recipient(const struct scene *s)
{
	return whole(s,
	    s->rcpt->original[0] != '\0' ? s->rcpt->original
					 : s->rcpt->address);
}

static const char *
domain(const struct scene *s)
{
	return domain_part(s, s->rcpt->address);
}

static const char *
mailbox(const struct scene *s)
{
	return local_part(s, s->rcpt->address);
}

static const char *
user(const struct scene *s)
{
	const char *all = mailbox(s), *extension;
	char *bare =
	    address_split_extension(s->arena, all, s->delimiters, &extension);

	return bare != NULL ? bare : all;
}

static const char *
extension(const struct scene *s)
{
	const char *found = NULL;

	return address_split_extension(
		   s->arena, mailbox(s), s->delimiters, &found) != NULL
	    ? found
	    : "";
}

#define TEXT(member) offsetof(struct pipe_request, member)

static const struct macro_row rows[] = {
	{ "client_address", TEXT(client_addr), NULL, false },
	{ "client_helo", TEXT(helo), NULL, false },
	{ "client_hostname", TEXT(client_name), NULL, false },
	{ "client_port", TEXT(client_port), NULL, false },
	{ "client_protocol", TEXT(protocol), NULL, false },
	{ "domain", 0, domain, true },
	{ "envid", TEXT(envid), NULL, false },
	{ "extension", 0, extension, true },
	{ "mailbox", 0, mailbox, true },
	{ "nexthop", 0, nexthop, false },
	{ "original_recipient", 0, original_recipient, true },
	{ "queue_id", TEXT(qid), NULL, false },
	{ "recipient", 0, recipient, true },
	{ "sasl_method", TEXT(sasl_method), NULL, false },
	/* AUTH= of MAIL FROM, with which nobody is trusted here. */
	{ "sasl_sender", 0, NULL, false },
	{ "sasl_username", TEXT(sasl_username), NULL, false },
	{ "sender", 0, sender, false },
	{ "size", 0, size, false },
	{ "user", 0, user, true },
};

static const struct macro_row *
find_row(const char *name)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static const char *
find_value(void *arg, const char *name)
{
	struct scene *s = arg;
	const struct macro_row *row = find_row(name);

	if (row == NULL)
		return NULL;
	s->each = s->each || row->each;
	if (row->value != NULL)
		return row->value(s);
	return row->offset == 0
	    ? ""
	    : *(const char *const *)((const char *)s->request + row->offset);
}

static const char *
expand(struct scene *s, const char *text, struct err *err)
{
	struct macro macro = { .find = find_value, .arg = s };
	struct buf out = { 0 };
	const char *result;

	(void)macro_expand(&macro, text, &out, err);
	result = arena_strdup(s->arena, buf_str(&out));
	buf_free(&out);
	return result;
}

/* The last one that there is not. */
struct unknown {
	struct arena *arena;
	const char *name;
};

static void
look(void *arg, const char *name)
{
	struct unknown *unknown = arg;

	if (find_row(name) == NULL)
		unknown->name = arena_strdup(unknown->arena, name);
}

const char *
pipe_macro_unknown(struct arena *arena, const char *text)
{
	struct unknown unknown = { .arena = arena };
	struct err err = { { 0 } };

	if (macro_names(text, NULL, look, &unknown, &err) != 0)
		return arena_strdup(arena, err.text);
	return unknown.name;
}

char *const *
pipe_macro_argv(const struct pipe_service *service,
    const struct pipe_request *request, const char *delimiters,
    struct arena *arena)
{
	struct scene s = { .service = service,
		.request = request,
		.delimiters = delimiters,
		.arena = arena };
	size_t words = 0, n = 0;
	struct err err = { { 0 } };
	char **argv;

	while (service->argv[words] != NULL)
		words++;
	argv = arena_alloc(arena, (words * request->nrcpts + 1) * sizeof *argv);
	for (size_t i = 0; i < words; i++) {
		s.each = true;
		for (size_t r = 0; r < request->nrcpts && s.each; r++) {
			s.rcpt = &request->rcpts[r];
			s.each = false;
			argv[n++] = arena_strdup(
			    arena, expand(&s, service->argv[i], &err));
		}
	}
	return argv;
}

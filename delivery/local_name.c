/* local_name.c - see local_name.h. */
#include "delivery/local_name.h"

#include <pwd.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macro.h"
#include "rules/address.h"

struct asked {
	struct arena *arena;
	const struct local_values *values;
};

void
local_name(struct arena *arena, const char *address, const char *delimiters,
    struct local_name *name)
{
	const char *at = strrchr(address, '@'), *user, *extension;

	*name = (struct local_name){ .address = address, .domain = "" };
	name->local = address_fold(arena,
	    at != NULL ? arena_strndup(arena, address, (size_t)(at - address))
		       : address);
	name->user = name->local;
	if (at != NULL)
		name->domain = at + 1;
	if (delimiters[0] == '\0')
		return;
	user =
	    address_split_extension(arena, name->local, delimiters, &extension);
	if (user == NULL)
		return;
	name->user = user;
	name->odd = strchr(extension, '/') != NULL;
	if (!name->odd)
		name->extension = extension;
}

/* The delimiter that was used; the first one if none was. */
static const char *
delimiter(struct asked *a)
{
	const struct local_name *n = a->values->name;
	const char *one = n->extension != NULL ? n->local + strlen(n->user)
					       : a->values->delimiters;

	return *one != '\0' ? arena_strndup(a->arena, one, 1) : NULL;
}

static const char *
value_of(struct asked *a, const char *name)
{
	const struct local_values *v = a->values;

	if (strcmp(name, "user") == 0)
		return v->name->user;
	if (strcmp(name, "home") == 0)
		return v->user != NULL ? v->user->pw_dir : NULL;
	if (strcmp(name, "shell") == 0)
		return v->user != NULL ? v->user->pw_shell : NULL;
	if (strcmp(name, "recipient") == 0)
		return v->name->address;
	if (strcmp(name, "extension") == 0)
		return v->name->extension;
	if (strcmp(name, "domain") == 0)
		return v->name->domain[0] != '\0' ? v->name->domain : NULL;
	if (strcmp(name, "local") == 0 || strcmp(name, "mailbox") == 0)
		return v->name->local;
	if (strcmp(name, "recipient_delimiter") == 0)
		return delimiter(a);
	return NULL;
}

static const char *
find(void *arg, const char *name)
{
	struct asked *a = arg;
	const char *value = value_of(a, name);

	return value != NULL && a->values->filter != NULL
	    ? local_name_filter(a->arena, value, a->values->filter)
	    : value;
}

const char *
local_name_expand(struct arena *arena, const char *template,
    const struct local_values *values, bool *whole)
{
	struct asked asked = { .arena = arena, .values = values };
	const struct macro macro = { .find = find, .arg = &asked };
	struct buf out = { 0 };
	struct err err;
	int result = macro_expand(&macro, template, &out, &err);
	const char *text = (result & MACRO_BAD) != 0
	    ? NULL
	    : arena_strndup(arena, buf_str(&out), out.len);

	buf_free(&out);
	if (whole != NULL)
		*whole = result == 0;
	return text;
}

const char *
local_name_filter(struct arena *arena, const char *text, const char *filter)
{
	char *copy = arena_strdup(arena, text);

	for (char *p = copy + strspn(copy, filter); *p != '\0';
	     p += strspn(p, filter))
		*p++ = '_';
	return copy;
}

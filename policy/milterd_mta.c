/* milterd_mta.c - see milterd_mta.h. */
#include "policy/milterd_mta.h"

#include <libmilter/mfapi.h>
#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"

/* libmilter wants texts that may be written to. */
static char *
copy(const char *text)
{
	char *own = text != NULL ? strdup(text) : NULL;

	if (text != NULL && own == NULL)
		fatal("out of memory");
	return own;
}

static bool
insert(void *arg, unsigned place, const char *name, const char *value)
{
	char *own_name = copy(name), *own_value = copy(value);
	bool done =
	    smfi_insheader(arg, (int)place, own_name, own_value) == MI_SUCCESS;

	free(own_value);
	free(own_name);
	return done;
}

static bool
edit(void *arg, unsigned nth, const char *name, const char *value)
{
	char *own_name = copy(name), *own_value = copy(value);
	bool done =
	    smfi_chgheader(arg, own_name, (int)nth, own_value) == MI_SUCCESS;

	free(own_value);
	free(own_name);
	return done;
}

static bool
body(void *arg, const unsigned char *data, size_t n)
{
	unsigned char *own = malloc(n + 1);
	bool done;

	if (own == NULL)
		fatal("out of memory");
	memcpy(own, data, n);
	done = smfi_replacebody(arg, own, (int)n) == MI_SUCCESS;
	free(own);
	return done;
}

static bool
with(void *arg, int (*call)(SMFICTX *, char *), const char *text)
{
	char *own = copy(text);
	bool done = call(arg, own) == MI_SUCCESS;

	free(own);
	return done;
}

static bool
take_away(void *arg, const char *address)
{
	return with(arg, smfi_delrcpt, address);
}

static bool
add(void *arg, const char *address)
{
	return with(arg, smfi_addrcpt, address);
}

static bool
quarantine(void *arg, const char *why)
{
	return with(arg, smfi_quarantine, why);
}

struct milterd_mta
milterd_mta_of(struct smfi_str *ctx, bool blanks)
{
	static const struct milterd_mta_ops ops = {
		.insert = insert,
		.edit = edit,
		.body = body,
		.remove = take_away,
		.add = add,
		.quarantine = quarantine,
	};

	return (struct milterd_mta){ &ops, ctx, blanks };
}

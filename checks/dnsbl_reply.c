/* dnsbl_reply.c - see dnsbl_reply.h. */
#include "checks/dnsbl_reply.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/macro.h"
#include "checks/check.h"
#include "checks/reply_macro.h"
#include "checks/site.h"
#include "checks/status_code.h"
#include "checks/subject.h"
#include "rules/table.h"
#include "rules/world.h"

struct facts {
	const struct ask *ask;
	const char *zone; /* without the filter */
	const char *reason;
};

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

/* What only these templates may name; ${ours} needs no filter. */
/* clang-format off */
static const struct fact {
	const char *name;
	const char *(*get)(const struct facts *f);
	unsigned char ours;
} facts[] = {
	{ "rbl_code",            rbl_code,            1 },
	{ "rbl_domain",          rbl_domain,          1 },
	{ "rbl_reason",          rbl_reason,          0 },
	{ "rbl_txt",             rbl_reason,          0 },
	{ "rbl_what",            rbl_what,            0 },
	{ "rbl_class",           rbl_class,           1 },
	{ NULL, NULL, 0 },
};
/* clang-format on */

static const struct fact *
own_fact(const char *name)
{
	const struct fact *fact = facts;

	while (fact->name != NULL && strcmp(fact->name, name) != 0)
		fact++;
	return fact->name != NULL ? fact : NULL;
}

static bool
is_known(const char *name)
{
	return own_fact(name) != NULL || reply_macro_known(name);
}

static const char unknown_name[] =
    "unknown macro name \"%s\" in expansion request";

static const char *
find_fact(void *arg, const char *name)
{
	const struct facts *f = arg;
	const struct subject *s = f->ask->subject;
	const struct fact *fact = own_fact(name);
	const char *value;

	if (!is_known(name))
		event_warning(s->by, unknown_name, name);
	if (fact == NULL)
		return reply_macro_find(s, f->ask->site, name);
	value = fact->get(f);
	if (value == NULL || fact->ours)
		return value;
	return reply_macro_clean(s, f->ask->site, value);
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

static void
review_name(void *arg, const char *name)
{
	struct err why = { 0 };

	if (is_known(name))
		return;
	err_set(&why, unknown_name, name);
	conf_blame(arg, "default_rbl_reply", &why);
	event_warning(NULL, "%s", why.text);
}

void
dnsbl_reply_review(const struct site *site, struct conf *conf)
{
	(void)macro_names(
	    site->params.default_rbl_reply, NULL, review_name, conf, NULL);
}

/* login_checks.c - see login_checks.h. */
#include "checks/login_checks.h"

#include <stddef.h>
#include <strings.h>

#include "base/conf.h"
#include "checks/check.h"
#include "checks/resolved.h"
#include "checks/site.h"
#include "checks/subject.h"

static bool
logged_in(const struct subject *s)
{
	return s->sasl_username != NULL && s->sasl_username[0] != '\0';
}

/* Who owns the sender address: found, nobody, or could not ask. */
static enum table_status
find_owners(struct ask *ask, struct answer *answer, struct table_value *owners)
{
	struct subject *s = ask->subject;
	const struct resolved *r = resolved_find(ask, ask->value);
	enum table_status status = r->status;

	if (status != TABLE_FAILED)
		status = route_find_address(ask->site->sender_login_maps,
		    ask->site->route, s->world, s->arena, r->key, owners);
	if (status == TABLE_FAILED) {
		answer_cannot_ask(ask, answer, ask->value);
	} else if (status == TABLE_FOUND) {
		answer->input = r->key;
		answer->file = owners->file;
		answer->line = owners->line;
	}
	return status;
}

static void
judge_login(struct ask *ask, struct answer *answer, bool allow_unknown)
{
	struct subject *s = ask->subject;
	struct table_value owners;
	const char *names, *name;
	enum table_status status;

	if (!logged_in(s))
		return;
	status = find_owners(ask, answer, &owners);
	if (status == TABLE_FAILED || (status == TABLE_NONE && allow_unknown))
		return;
	names = status == TABLE_FOUND ? owners.text : "";
	while ((name = conf_word(&names, s->arena)) != NULL)
		if (strcasecmp(name, s->sasl_username) == 0)
			return;
	answer_reject(ask, answer, 553, "5.7.1",
	    "<%s>: Sender address rejected: not owned by user %s", ask->value,
	    s->sasl_username);
}

void
login_checks_authenticated(struct ask *ask, struct answer *answer)
{
	judge_login(ask, answer, false);
}

void
login_checks_known(struct ask *ask, struct answer *answer)
{
	judge_login(ask, answer, true);
}

void
login_checks_unauthenticated(struct ask *ask, struct answer *answer)
{
	struct table_value owners;

	if (!logged_in(ask->subject) &&
	    find_owners(ask, answer, &owners) == TABLE_FOUND)
		answer_reject(ask, answer, 553, "5.7.1",
		    "<%s>: Sender address rejected: not logged in", ask->value);
}

void
login_checks_mismatch(struct ask *ask, struct answer *answer)
{
	if (logged_in(ask->subject))
		login_checks_authenticated(ask, answer);
	else
		login_checks_unauthenticated(ask, answer);
}

/* conduct.c - see conduct.h. */
#include "checks/conduct.h"

#include <stddef.h>

#include "checks/recipient_list.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/match.h"

/* clang-format off */
static const struct conduct_row rows[CONDUCTS] = {
	[CONDUCT_STORED] = { "stored", 1, 0,
	    "A message that all checks have let pass and that the queue has." },
	[CONDUCT_REFUSED] = { "refused", 0, 1,
	    "A command without a recipient that a restriction list refuses for good." },
	[CONDUCT_RECIPIENT_REFUSED] = { "recipient refused", 0, 1,
	    "A recipient that a restriction list refuses for good, unknown ones included." },
	[CONDUCT_RECIPIENT] = { "recipient", 0, 0,
	    "A recipient that is taken, which may be a trap." },
	[CONDUCT_CONTENT] = { "content", 0, 5,
	    "A message that is refused for good for what it contains, by content checks, milters or filters." },
	[CONDUCT_TRAP] = { "trap", 0, 10,
	    "Mail to an address of weir_reputation_traps, taken or refused for good." },
};
/* clang-format on */

const struct conduct_row *
conduct_rows(void)
{
	return rows;
}

const char *
conduct_recipient(enum conduct what, const struct subject *subject)
{
	bool one = what == CONDUCT_RECIPIENT_REFUSED ||
	    what == CONDUCT_RECIPIENT ||
	    (what == CONDUCT_STORED && subject->recipient_count == 1);

	return one ? subject->recipient : NULL;
}

bool
conduct_counts(const struct site *site, const struct subject *subject)
{
	return site->params.weir_reputation && subject->sasl_username == NULL &&
	    (subject->client.family == NET_IPV4 ||
		subject->client.family == NET_IPV6);
}

const struct conduct_row *
conduct_weigh(
    const struct conduct_deed *deed, struct world *world, struct arena *arena)
{
	const struct site *site = deed->site;
	const struct conduct_row *row = &rows[deed->what];

	/* What cannot be asked is held against nobody. */
	if (match_client(site->mynetworks, world, arena, "unknown",
		&deed->client) != TABLE_NONE)
		return NULL;
	if (deed->recipient != NULL) {
		switch (recipient_list_find(site, site->reputation_traps, world,
		    arena, deed->recipient)) {
		case TABLE_FOUND:
			if (deed->what == CONDUCT_STORED)
				return NULL;
			row = &rows[CONDUCT_TRAP];
			break;
		case TABLE_NONE:
			break;
		case TABLE_FAILED:
			return NULL;
		}
	}
	return row->good + row->bad > 0 ? row : NULL;
}

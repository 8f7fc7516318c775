/* resolved.c - see resolved.h. */
#include "checks/resolved.h"

#include <string.h>

#include "base/arena.h"
#include "checks/check.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/address.h"

const struct resolved *
resolved_find(struct ask *ask, const char *address)
{
	struct subject *subject = ask->subject;
	struct resolved *r;
	const char *rewritten;

	for (r = ask->resolved; r != NULL; r = r->next)
		if (strcmp(r->address, address) == 0)
			return r;
	r = arena_alloc(subject->arena, sizeof *r);
	r->address = address;
	/* An envelope address is completed whatever the client may do to its
	 * headers: a table is never asked for a bare "user". */
	rewritten =
	    route_rewrite(ask->site->route, subject->arena, address, true);
	r->status = route_resolve(ask->site->route, subject->world,
	    subject->arena, subject->sender != NULL ? subject->sender : "",
	    rewritten, &r->route);
	r->key = address_fold(subject->arena,
	    r->status != TABLE_FAILED && r->route.recipient != NULL
		? r->route.recipient
		: rewritten);
	r->next = ask->resolved;
	ask->resolved = r;
	return r;
}

/* suspended.c - see suspended.h.  A record is "zone why"; without a reason the
 * list works again, without a zone everything is forgotten. */
#include "weir/suspended.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/state.h"
#include "base/state_ring.h"
#include "base/strmap.h"

enum { MOST_KEPT = 1000 };

static const char ring[] = "dnsbl";

void
suspended_note(struct state *state, const char *zone, const char *why)
{
	struct buf text = { 0 };

	if (zone != NULL)
		buf_printf(&text, "%s %s", zone, why != NULL ? why : "");
	else
		buf_putc(&text, ' ');
	(void)state_ring_put(state, ring,
	    &(struct state_item){ text.data, text.len }, 1, MOST_KEPT);
	buf_free(&text);
}

/* The newest record of each list counts. */
struct listing {
	struct arena *arena;
	struct strmap seen;
};

static bool
show(void *arg, const char *data, size_t n)
{
	struct listing *l = arg;
	char *zone = arena_strndup(l->arena, data, n), *why;

	why = strchr(zone, ' ');
	if (why == NULL || why == zone)
		return false;
	*why++ = '\0';
	if (strmap_find(&l->seen, zone) != NULL)
		return true;
	(void)strmap_set(&l->seen, zone, zone);
	if (*why != '\0')
		(void)printf("DNS list %s is suspended: %s\n", zone, why);
	return true;
}

void
suspended_print(struct state *state, struct arena *arena)
{
	struct listing l = { .arena = arena };

	(void)state_ring_each(state, ring, show, &l);
	strmap_free(&l.seen);
}

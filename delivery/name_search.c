/* name_search.c - see name_search.h. */
#include "delivery/name_search.h"

#include <stdbool.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/dns_search.h"
#include "rules/world.h"

/* How much an answer counts. */
static unsigned
rank(enum dns_status status)
{
	switch (status) {
	case DNS_FOUND:
	case DNS_INVALID:
		return 4;
	case DNS_RETRY:
		return 3;
	case DNS_NODATA:
		return 2;
	case DNS_NXDOMAIN:
		break;
	}
	return 1;
}

static bool
is_answered(const struct dns_question *q)
{
	return q->answer.canon != NULL && rank(q->answer.status) == 4;
}

void
name_search(struct world *world, struct arena *arena, unsigned how,
    struct dns_question *questions, size_t n, int64_t deadline)
{
	struct dns_question *asked =
	    arena_alloc(arena, (n + 1) * sizeof asked[0]);
	size_t *of = arena_alloc(arena, (n + 1) * sizeof of[0]);
	const char **names;
	size_t count = 0;

	names = n > 0 ? dns_search_names(questions[0].name, how, arena, &count)
		      : NULL;
	for (size_t i = 0; i < count; i++) {
		size_t left = 0;

		for (size_t j = 0; j < n; j++) {
			if (is_answered(&questions[j]))
				continue;
			of[left] = j;
			asked[left++] = (struct dns_question){ .name = names[i],
				.type = questions[j].type };
		}
		if (left == 0)
			return;
		world_dns_all(world, arena, asked, left, deadline);
		for (size_t j = 0; j < left; j++) {
			struct dns_answer *answer = &questions[of[j]].answer;

			if (answer->canon == NULL ||
			    rank(asked[j].answer.status) > rank(answer->status))
				*answer = asked[j].answer;
		}
	}
}

/* rule_listing.c - see rule_listing.h. */
#include "weir/rule_listing.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"
#include "base/local_time.h"
#include "rules/profile.h"

/* The most hits first, then what takes most time, then by line. */
static int
compare(const void *a, const void *b)
{
	const struct profile_entry *x = a, *y = b;

	if (x->hits != y->hits)
		return x->hits > y->hits ? -1 : 1;
	if (x->time != y->time)
		return x->time > y->time ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static void
print_time(int64_t when)
{
	char text[LOCAL_TIME_TEXT];

	(void)printf("  %-19s",
	    when != 0 ? local_time_text(text, when, "%Y-%m-%d %H:%M:%S")
		      : "never");
}

static void
print_entry(const char *name, const struct profile_entry *e, bool timed)
{
	(void)printf("%9" PRIu64, e->hits);
	print_time(e->last);
	if (timed)
		(void)printf("  %9" PRIu64 "  %10.3f  %8.3f", e->tries,
		    (double)e->time / 1e6,
		    e->tries > 0 ? (double)e->time / 1e3 / (double)e->tries
				 : 0.0);
	(void)printf("  %s:%u\n", name, e->line);
}

/* "3-5, 9": where rules stand one after the other, whatever is between. */
static void
print_silent(const struct profile_entry *entries, size_t n)
{
	const char *before = "never matched: lines ";

	for (size_t i = 0, end; i < n; i = end + 1) {
		end = i;
		if (entries[i].hits > 0)
			continue;
		while (end + 1 < n && entries[end + 1].hits == 0)
			end++;
		(void)printf("%s%u", before, entries[i].line);
		if (end > i)
			(void)printf("-%u", entries[end].line);
		before = ", ";
	}
	if (*before == ',')
		(void)putchar('\n');
}

static void
print_table(
    void *arg, const char *name, const struct profile_entry *entries, size_t n)
{
	struct profile_entry *sorted = calloc(n + 1, sizeof *sorted);
	size_t matched = 0;
	bool timed = false;
	bool *first = arg;

	if (sorted == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		sorted[i] = entries[i];
		matched += entries[i].hits > 0;
		timed = timed || entries[i].tries > 0;
	}
	qsort(sorted, n, sizeof *sorted, compare);
	(void)printf("%s%s: %zu of %zu rules have matched\n",
	    *first ? "" : "\n", name, matched, n);
	*first = false;
	if (matched > 0 || timed)
		(void)printf("     hits  %-19s%s  rule\n", "last",
		    timed ? "      tries     time/ms    us/try" : "");
	for (size_t i = 0; i < n; i++)
		if (sorted[i].hits > 0 || sorted[i].tries > 0)
			print_entry(name, &sorted[i], timed);
	print_silent(entries, n);
	free(sorted);
}

int
rule_listing_print(struct state *state)
{
	bool first = true;

	return profile_each(state, print_table, &first);
}

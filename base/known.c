/* known.c - see known.h. */
#include "base/known.h"

#include <string.h>

static const char *const names[] = {
#define KNOWN(name) #name,
#include "base/known.def"
#undef KNOWN
};

enum { COUNT = sizeof names / sizeof *names, MOST_LENGTH = 80 };

bool
known_find(const char *name)
{
	size_t low = 0, high = COUNT, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(name, names[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* Levenshtein's distance of two names that are not too long. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[MOST_LENGTH + 1], left, above, n = strlen(b);

	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		above = row[0]; /* above and to the left, in the end */
		row[0] = i;
		for (size_t k = 1; k <= n; k++) {
			left = above + (a[i - 1] != b[k - 1]);
			above = row[k];
			if (left > above + 1)
				left = above + 1;
			if (left > row[k - 1] + 1)
				left = row[k - 1] + 1;
			row[k] = left;
		}
	}
	return row[n];
}

void
known_consider(struct known_guess *guess, const char *name)
{
	size_t d;

	if (strlen(name) > MOST_LENGTH || strcmp(name, guess->name) == 0)
		return;
	d = distance(guess->name, name);
	if (d < guess->distance) {
		guess->distance = d;
		guess->best = name;
	}
}

struct known_guess
known_guess(const char *name)
{
	size_t n = strlen(name);
	/* More than a quarter of it wrong is another name. */
	struct known_guess guess = { .name = name, .distance = n / 4 + 2 };

	if (n > MOST_LENGTH)
		guess.distance = 0;
	for (size_t i = 0; i < COUNT && n <= MOST_LENGTH; i++)
		known_consider(&guess, names[i]);
	return guess;
}

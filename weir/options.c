/* options.c - see options.h. */
#include "weir/options.h"

#include <stddef.h>
#include <string.h>

/* Stand on the next group of letters; 0: there is none. */
static int
next_group(struct options *o)
{
	const char *word;

	if (o->next == 0)
		o->next = 1;
	if (o->next >= o->argc)
		return 0;
	word = o->argv[o->next];
	if (word[0] != '-' || word[1] == '\0')
		return 0;
	o->next++;
	if (strcmp(word, "--") == 0)
		return 0;
	o->rest = word + 1;
	return 1;
}

int
options_next(struct options *o, const char *letters)
{
	const char *found;
	char letter;

	o->value = NULL;
	if ((o->rest == NULL || *o->rest == '\0') && !next_group(o))
		return -1;
	letter = *o->rest++;
	found = letter != ':' ? strchr(letters, letter) : NULL;
	o->bad = letter;
	if (found == NULL)
		return '?';
	if (found[1] != ':')
		return (unsigned char)letter;
	if (*o->rest != '\0')
		o->value = o->rest;
	else if (o->next < o->argc)
		o->value = o->argv[o->next++];
	o->rest = NULL;
	return o->value != NULL ? (unsigned char)letter : '?';
}

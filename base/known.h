/* known.h - the names of all of Postfix's parameters, and which one of them a
 * misspelled name may have meant. */
#ifndef BASE_KNOWN_H
#define BASE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

/* known_find(name): is ${name} a parameter of Postfix that has no row in any
 * of our tables?  (Such a row wins; see conf_each().) */
bool known_find(const char *name);

/* The search for the name that is most like another one. */
struct known_guess {
	const char *name;
	const char *best; /* NULL: none is like it */
	size_t distance;  /* letters to change between the two */
};

/* known_guess(name): begin, with Postfix's names.  known_consider(guess,
 * name): is this one nearer?  It must stay while the guess is in use. */
struct known_guess known_guess(const char *name);
void known_consider(struct known_guess *guess, const char *name);

#endif

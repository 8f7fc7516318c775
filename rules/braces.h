/* braces.h - tables that are written where they are used: "{ ... }". */
#ifndef RULES_BRACES_H
#define RULES_BRACES_H

#include <stdbool.h>

struct arena;
struct err;

/* braces_whole(text): ${text} is one "{ ... }", with what is in it balanced. */
bool braces_whole(const char *text);

/* braces_strip(arena, text, err): what is within "{ ... }", without white
 * space around it, in ${arena}.  NULL and the reason: not in braces. */
char *braces_strip(struct arena *arena, const char *text, struct err *err);

#endif

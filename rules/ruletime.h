/* ruletime.h - how long the rules of pattern tables take, for who wants to know:
 * the test bench. */
#ifndef RULES_RULETIME_H
#define RULES_RULETIME_H

#include <stdint.h>

/* ruletime_open(told, arg): from now on call fn(arg, table, line, ns) for each
 * rule that is tried, on the thread that tries it; ${fn} NULL: no more.
 * While no other thread looks anything up. */
void ruletime_open(
    void (*fn)(void *arg, const char *table, unsigned line, int64_t ns),
    void *arg);

/* ruletime_begin(): when a rule begins to be tried; 0 if nobody wants to know.
 * ruletime_end(begin, table, line): that was it. */
int64_t ruletime_begin(void);
void ruletime_end(int64_t begin, const char *table, unsigned line);

#endif

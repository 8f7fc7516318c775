/* ruletime.c - see ruletime.h. */
#include "rules/ruletime.h"

#include <stddef.h>

#include "base/clock.h"

/* Set before there are threads. */
static void (*told)(void *arg, const char *table, unsigned line, int64_t ns);
static void *told_arg;

void
ruletime_open(
    void (*fn)(void *arg, const char *table, unsigned line, int64_t ns),
    void *arg)
{
	told = fn;
	told_arg = arg;
}

int64_t
ruletime_begin(void)
{
	return told != NULL ? clock_mono() : 0;
}

void
ruletime_end(int64_t begin, const char *table, unsigned line)
{
	if (begin != 0)
		told(told_arg, table, line, clock_mono() - begin);
}

/* fatal.c - see fatal.h. */
#include "base/fatal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

static void (*last_words)(const char *severity, const char *text);

void
fatal_hook(void (*hook)(const char *severity, const char *text))
{
	last_words = hook;
}

static void
say(const char *severity, const char *text)
{
	if (last_words != NULL)
		last_words(severity, text);
	else
		(void)fprintf(stderr, "weir: %s: %s\n", severity, text);
}

void
fatal(const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	say("fatal", text);
	/* Other threads may still use what exit handlers destroy. */
	_Exit(EX_TEMPFAIL);
}

void
fatal_must(const char *file, int line, const char *text)
{
	char all[1024];

	(void)snprintf(
	    all, sizeof all, "%s:%d: must hold: %s", file, line, text);
	say("panic", all);
	abort();
}

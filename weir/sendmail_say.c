/* sendmail_say.c - see sendmail_say.h. */
#include "weir/sendmail_say.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"

__attribute__((format(printf, 2, 0))) static void
say(const char *severity, const char *format, va_list ap)
{
	struct arena *arena = arena_new();

	(void)fflush(stdout);
	(void)fprintf(stderr, "sendmail: %s: %s\n", severity,
	    arena_vprintf(arena, format, ap));
	arena_free(arena);
}

void
sendmail_say_fatal(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("fatal", format, ap);
	va_end(ap);
	_exit(EX_TEMPFAIL);
}

void
sendmail_say_refused(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("fatal", format, ap);
	va_end(ap);
	_exit(EX_UNAVAILABLE);
}

void
sendmail_say_warning(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("warning", format, ap);
	va_end(ap);
}

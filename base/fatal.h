/* fatal.h - the two ways in which a process ends itself. */
#ifndef BASE_FATAL_H
#define BASE_FATAL_H

#include <stdbool.h>

/*
 * must(cond):
 * State an invariant.  Always compiled in: a violated one is a bug, which is
 * logged with file, line and expression before the process aborts.
 */
#define must(cond)                                                             \
	do {                                                                   \
		if (!(cond))                                                   \
			fatal_must(__FILE__, __LINE__, #cond);                 \
	} while (0)

/*
 * fatal(format, ...):
 * The machine cannot go on (no memory, no file table).  Log and exit with
 * status 75 (EX_TEMPFAIL); the supervisor starts a new process.
 */
_Noreturn void
fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* fatal_must(file, line, text): what must() calls. */
_Noreturn void fatal_must(const char *file, int line, const char *text);

/*
 * fatal_hook(hook):
 * Have ${hook} write the last words of this process instead of stderr; it is
 * given the severity ("fatal" or "panic") and the text.
 */
void fatal_hook(void (*hook)(const char *severity, const char *text));

#endif

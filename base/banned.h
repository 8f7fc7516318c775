/* banned.h - calls that do not compile.  The makefile includes this in front
 * of every source of ours (tests excepted).
 *
 * A declaration with attribute "deprecated" makes each use of the function an
 * error (-Werror) in both compilers and, unlike a macro or a poisoned name,
 * needs no system header first, so that a source which forgets one still
 * fails to build. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#define BANNED(why) __attribute__((deprecated(why)))

/* No bound on what they write. */
char *strcpy(char *to, const char *from) BANNED("use buf, arena or memcpy");
char *strcat(char *to, const char *from) BANNED("use buf or arena_printf");
int sprintf(char *to, const char *format, ...) BANNED("use snprintf");

/* One static result or position for all threads. */
struct tm;
char *strtok(char *text, const char *delimiters) BANNED("use strsep, strspn");
struct tm *gmtime(const long *when) BANNED("use gmtime_r");
struct tm *localtime(const long *when) BANNED("use local_time");

/* A name that somebody else may take first. */
char *mktemp(char *template) BANNED("use mkstemp");

/* Waits that no deadline ends; handlers with system-dependent meaning. */
unsigned sleep(unsigned seconds) BANNED("set a timer");
void (*signal(int number, void (*handler)(int)))(int) BANNED("use sigaction");

/* A shell, or a copy of all that we are, outside of base/spawn.c. */
int system(const char *command) BANNED("use spawn");
struct _IO_FILE *
popen(const char *command, const char *type) BANNED("use spawn");
#ifndef BANNED_BUT_FORK
int fork(void) BANNED("use spawn");
int vfork(void) BANNED("use spawn");
#endif

#undef BANNED
#endif

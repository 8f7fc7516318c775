/* crash.h - places where tests kill the process. */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/*
 * crash_point(name):
 * In debug builds: kill this process with SIGKILL if the environment variable
 * WEIR_CRASH is "name" or "name:N", at the N-th time (1: the first) that it
 * comes here.  Nothing in release builds.  Any thread.
 */
#ifdef NDEBUG
#define crash_point(name) ((void)0)
#else
void crash_point(const char *name);
#endif

#endif

/* pattern_cache.h - the files of compiled patterns: for the process that makes
 * them.  Others only read them (rules/prefilter.h). */
#ifndef RULES_PATTERN_CACHE_H
#define RULES_PATTERN_CACHE_H

struct err;

/*
 * pattern_cache_fill(directory, fd, err):
 * Compile the draft in the file ${fd}, whoever wrote it, into ${directory},
 * unless it is there already.  Then files that nobody has made for 30 days are
 * removed: one that is still used is in memory, and is made again when it is
 * asked for.  0, or -1 and why.  Takes seconds.
 */
int pattern_cache_fill(const char *directory, int fd, struct err *err);

#endif

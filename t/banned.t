#!/bin/sh
# What base/banned.h forbids does not compile, and is not forbidden by chance.

try() # line of code, more compiler options
{
	printf '%s\n' '#include <signal.h>' '#include <stdio.h>' \
	    '#include <stdlib.h>' '#include <string.h>' '#include <time.h>' \
	    '#include <unistd.h>' 'void f(char *s, time_t *t);' \
	    "void f(char *s, time_t *t) { (void)s; (void)t; $1; }" |
	    "${CC:-cc}" -std=c17 -D_GNU_SOURCE -Werror -include base/banned.h \
		${2:+"$2"} -fsyntax-only -x c - 2>/dev/null
}

while read -r call; do
	n=$((n + 1))
	try "$call" && printf 'not '
	echo "ok $n - banned: $call"
done <<'end'
strcpy(s, s)
strcat(s, s)
sprintf(s, "x")
strtok(s, s)
gmtime(t)
localtime(t)
mktemp(s)
sleep(1)
signal(SIGHUP, SIG_IGN)
if (system(s)) return
popen(s, s)
if (fork()) return
if (vfork()) return
end
try 'if (fork()) return' -DBANNED_BUT_FORK || printf 'not '
echo "ok $((n + 1)) - fork in its one place"
try 'snprintf(s, 1, "x"); localtime_r(t, 0)' || printf 'not '
echo "ok $((n + 2)) - what replaces them"
echo "1..$((n + 2))"

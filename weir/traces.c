/* traces.c - see traces.h.  A record is text; its first line begins with the
 * id and names what was decided about. */
#include "weir/traces.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/state.h"

/* As proxy/trace_log.h writes it. */
static const char ring[] = "trace";

/* What is looked for, and how many more may be printed. */
struct search {
	const char *what;
	size_t n;
	int left, found;
};

/* Characters that may stand within an id or an address. */
static bool
in_word(int c)
{
	return isalnum(c) || (c != 0 && strchr("@._-+:=/", c) != NULL);
}

/* ${what} stands in the first line as a whole word. */
static bool
named(const struct search *s, const char *line, const char *end)
{
	for (const char *p = line; p + s->n <= end; p++) {
		if (strncasecmp(p, s->what, s->n) != 0)
			continue;
		if ((p == line || p[-1] == '=' ||
			!in_word((unsigned char)p[-1])) &&
		    (p + s->n == end || !in_word((unsigned char)p[s->n])))
			return true;
	}
	return false;
}

/* The decision is about the message with the queue id ${what}. */
static bool
is_message(const struct search *s, const char *line, const char *end)
{
	static const char key[] = " qid=";
	const char *p = end != NULL
	    ? memmem(line, (size_t)(end - line), key, sizeof key - 1)
	    : NULL;

	if (p == NULL)
		return false;
	p += sizeof key - 1;
	return (size_t)(end - p) > s->n && p[s->n] == ' ' &&
	    memcmp(p, s->what, s->n) == 0;
}

static bool
show(void *arg, const char *data, size_t n)
{
	struct search *s = arg;
	const char *line_end = memchr(data, '\n', n);

	if (!named(s, data, line_end != NULL ? line_end : data + n))
		return true;
	(void)printf("%s%.*s", s->found > 0 ? "\n" : "", (int)n, data);
	if (n > 0 && data[n - 1] != '\n')
		(void)putchar('\n');
	s->found++;
	return is_message(s, data, line_end) || --s->left > 0;
}

int
traces_print(const char *dir, const char *what, int most, struct err *err)
{
	struct search s = { .what = what, .n = strlen(what), .left = most };
	struct state *state = state_open(dir, err);

	if (state == NULL)
		return -1;
	if (state_ring_each(state, ring, show, &s) != 0) {
		err_set(err, "%s: cannot be read", dir);
		s.found = -1;
	}
	state_close(state);
	return s.found;
}

/* traces.c - see traces.h. */
#include "weir/traces.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/state.h"
#include "base/state_ring.h"
#include "base/state_visit.h"
#include "classes/trace_record.h"

/* As classes/trace_keeper.h writes it. */
static const char ring[] = "trace";

/* What is looked for, and how many more may be printed. */
struct search {
	const struct traces_wanted *wanted;
	struct arena *arena;
	struct buf text;
	int left, found;
};

/* Characters that may stand within an id or an address. */
static bool
in_word(int c)
{
	return isalnum(c) || (c != 0 && strchr("@._-+:=/", c) != NULL);
}

/* ${what} stands in ${line} as a whole word. */
static bool
named(const char *line, const char *what)
{
	size_t n = strlen(what);

	for (const char *p = line; *p != '\0'; p++) {
		if (strncasecmp(p, what, n) != 0)
			continue;
		if ((p == line || p[-1] == '=' ||
			!in_word((unsigned char)p[-1])) &&
		    !in_word((unsigned char)p[n]))
			return true;
	}
	return false;
}

static bool
show(void *arg, const char *data, size_t n)
{
	struct search *s = arg;
	const char *what = s->wanted->what;
	struct trace_record record;

	arena_reset(s->arena);
	buf_reset(&s->text);
	/* One of an older version may be something else. */
	if (!trace_record_read(data, n, s->arena, &record))
		return true;
	trace_record_head(&record, &s->text);
	if (!named(buf_str(&s->text), what))
		return true;
	buf_reset(&s->text);
	if (s->wanted->json)
		trace_record_json(&record, &s->text);
	else
		trace_record_print(&record, &s->text);
	(void)printf("%s%s", s->found > 0 && !s->wanted->json ? "\n" : "",
	    buf_str(&s->text));
	s->found++;
	return strcmp(record.facts[TRACE_QUEUE_ID], what) == 0 || --s->left > 0;
}

int
traces_print(
    const char *dir, const struct traces_wanted *wanted, struct err *err)
{
	struct search s = { .wanted = wanted, .left = wanted->most };
	struct state *state = state_visit(dir, err);

	if (state == NULL)
		return -1;
	s.arena = arena_new();
	if (state_ring_each(state, ring, show, &s) != 0) {
		err_set(err, "%s: cannot be read", dir);
		s.found = -1;
	}
	arena_free(s.arena);
	buf_free(&s.text);
	state_close(state);
	return s.found;
}

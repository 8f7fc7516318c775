/* trace.c - see trace.h. */
#include "classes/trace.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "checks/answer.h"
#include "checks/subject.h"
#include "rules/world.h"

/* Letters and digits that are not mistaken for each other on the phone. */
static const char alphabet[] = "23456789bcdfghjkmnpqrstvwxyz";

struct trace *
trace_new(const struct subject *subject)
{
	struct trace *trace = arena_alloc(subject->arena, sizeof *trace);
	uint64_t r = subject->world->ops->random(subject->world);

	for (unsigned i = 0; i < 8; i++) {
		trace->id[i] = alphabet[r % (sizeof alphabet - 1)];
		r /= sizeof alphabet - 1;
	}
	trace->tail = &trace->steps;
	trace->when = world_now(subject->world);
	return trace;
}

struct trace_step *
trace_step(struct trace *trace, const struct subject *subject, unsigned depth,
    const char *list, const char *restriction)
{
	struct trace_step *step = arena_alloc(subject->arena, sizeof *step);

	step->depth = depth;
	step->list = list;
	step->restriction = restriction;
	step->answer = "DUNNO";
	step->nanoseconds = world_mono(subject->world);
	*trace->tail = step;
	trace->tail = &step->next;
	return step;
}

void
trace_answer(struct trace_step *step, const struct subject *subject,
    const struct answer *answer)
{
	static const char *const words[] = {
		[ANSWER_DUNNO] = "DUNNO",
		[ANSWER_PERMIT] = "PERMIT",
		[ANSWER_REJECT] = "REJECT",
		[ANSWER_DEFER_IF_PERMIT] = "DEFER_IF_PERMIT",
		[ANSWER_DEFER_IF_REJECT] = "DEFER_IF_REJECT",
		[ANSWER_LIST] = "->",
	};

	step->nanoseconds = world_mono(subject->world) - step->nanoseconds;
	step->input = answer->input;
	step->file = answer->file;
	step->line = answer->line;
	if (answer->kind == ANSWER_LIST)
		step->answer =
		    arena_printf(subject->arena, "-> %s", answer->text);
	else if (answer->text != NULL)
		step->answer = arena_printf(subject->arena, "%s %d %d%s %s",
		    words[answer->kind], answer->code, answer->code / 100,
		    answer->dsn + 1, answer->text);
	else
		step->answer = words[answer->kind];
}

void
trace_print(const struct trace *trace, struct buf *out)
{
	const char *list = NULL;

	for (const struct trace_step *s = trace->steps; s != NULL;
	     s = s->next) {
		if (s->depth == 0 && s->list != list)
			buf_printf(out, "%s\n", s->list);
		if (s->depth == 0)
			list = s->list;
		buf_printf(
		    out, "%*s%s", 2 + 2 * (int)s->depth, "", s->restriction);
		if (s->input != NULL)
			buf_printf(out, " (%s)", s->input);
		buf_printf(out, ": %s", s->answer);
		if (s->file != NULL)
			buf_printf(out, " [%s:%u]", s->file, s->line);
		buf_printf(out, " %lld.%03lld ms\n",
		    (long long)(s->nanoseconds / CLOCK_MS),
		    (long long)(s->nanoseconds % CLOCK_MS / 1000));
	}
}

static void
put_string(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, ",\"%s\":\"", name);
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 32 || c == 127)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

void
trace_json(const struct trace *trace, struct buf *out)
{
	buf_printf(out, "{\"time\":%lld.%06lld",
	    (long long)(trace->when / CLOCK_SECOND),
	    (long long)(trace->when % CLOCK_SECOND / 1000));
	put_string(out, "id", trace->id);
	buf_puts(out, ",\"steps\":[");
	for (const struct trace_step *s = trace->steps; s != NULL;
	     s = s->next) {
		buf_printf(out, "%s{\"depth\":%u", s == trace->steps ? "" : ",",
		    s->depth);
		put_string(out, "list", s->list);
		put_string(out, "restriction", s->restriction);
		if (s->input != NULL)
			put_string(out, "input", s->input);
		put_string(out, "answer", s->answer);
		if (s->file != NULL) {
			put_string(out, "file", s->file);
			buf_printf(out, ",\"line\":%u", s->line);
		}
		buf_printf(
		    out, ",\"nanoseconds\":%lld}", (long long)s->nanoseconds);
	}
	buf_puts(out, "]}\n");
}

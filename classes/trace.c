/* trace.c - see trace.h. */
#include "classes/trace.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/utf8.h"
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
trace_print_text(const char *text, struct buf *out)
{
	for (unsigned n; *text != '\0'; text += n) {
		const unsigned char *c = (const unsigned char *)text;

		n = *c < 32 || *c == 127 ? 0 : utf8_length(text);
		/* U+0080 to U+009F are control characters, too. */
		if (n == 2 && c[0] == 0xc2 && c[1] < 0xa0)
			n = 0;
		if (n > 0)
			buf_put(out, text, n);
		else
			buf_printf(out, "\\%03o", *c);
		n = n > 0 ? n : 1;
	}
}

static void
print_step(const struct trace_step *s, struct buf *out)
{
	buf_printf(out, "%*s", 2 + 2 * (int)s->depth, "");
	trace_print_text(s->restriction, out);
	if (s->input != NULL) {
		buf_puts(out, *s->restriction != '\0' ? " (" : "(");
		trace_print_text(s->input, out);
		buf_putc(out, ')');
	}
	buf_puts(out, ": ");
	trace_print_text(s->answer, out);
	if (s->file != NULL)
		buf_printf(out, " [%s:%u]", s->file, s->line);
	if (s->nanoseconds >= 0)
		buf_printf(out, " %lld.%03lld ms",
		    (long long)(s->nanoseconds / CLOCK_MS),
		    (long long)(s->nanoseconds % CLOCK_MS / 1000));
	buf_putc(out, '\n');
}

void
trace_print(const struct trace *trace, struct buf *out)
{
	const char *list = "";

	for (const struct trace_step *s = trace->steps; s != NULL;
	     s = s->next) {
		if (s->depth == 0 && strcmp(s->list, list) != 0) {
			list = s->list;
			buf_printf(out, "%s\n", list);
		}
		print_step(s, out);
	}
}

void
trace_json_steps(const struct trace *trace, struct buf *out)
{
	json_text_name(out, "steps");
	buf_putc(out, '[');
	for (const struct trace_step *s = trace->steps; s != NULL;
	     s = s->next) {
		buf_puts(out, s == trace->steps ? "{" : ",{");
		buf_printf(out, "\"depth\":%u", s->depth);
		json_text_member(out, "list", s->list);
		if (*s->restriction != '\0')
			json_text_member(out, "restriction", s->restriction);
		if (s->input != NULL)
			json_text_member(out, "input", s->input);
		json_text_member(out, "answer", s->answer);
		if (s->file != NULL) {
			json_text_member(out, "file", s->file);
			buf_printf(out, ",\"line\":%u", s->line);
		}
		if (s->nanoseconds >= 0)
			buf_printf(out, ",\"nanoseconds\":%lld",
			    (long long)s->nanoseconds);
		if (s == trace->decision)
			buf_puts(out, ",\"decided\":true");
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}

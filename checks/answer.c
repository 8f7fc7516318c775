/* answer.c - see answer.h. */
#include "checks/answer.h"

#include <stdarg.h>

#include "base/arena.h"
#include "checks/check.h"
#include "checks/subject.h"

void
answer_reject(const struct ask *ask, struct answer *answer, int code,
    const char *dsn, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	answer->kind = ANSWER_REJECT;
	answer->code = code;
	answer->dsn = arena_strdup(ask->subject->arena, dsn);
	answer->text = arena_vprintf(ask->subject->arena, format, ap);
	va_end(ap);
}

void
answer_fault(const struct ask *ask, struct answer *answer)
{
	answer_reject(
	    ask, answer, 451, "4.3.5", "%s", "Server configuration error");
	answer->fault = true;
}

void
answer_cannot_ask(
    const struct ask *ask, struct answer *answer, const char *what)
{
	answer_reject(
	    ask, answer, 451, "4.3.0", "<%s>: Temporary lookup failure", what);
	answer->fault = true;
}

void
answer_soften(
    const struct ask *ask, struct answer *answer, enum answer_kind kind)
{
	/* Whoever tries a restriction with warn_if_reject wants to read what
	 * it would do, not to defer mail. */
	if (kind == ANSWER_DEFER_IF_REJECT || !ask->warning)
		answer->kind = kind;
}

struct effect *
answer_effect(const struct ask *ask, struct answer *answer,
    enum effect_kind kind, const char *text)
{
	struct effect **end = &answer->effects;
	struct effect *effect =
	    arena_alloc(ask->subject->arena, sizeof *effect);

	while (*end != NULL)
		end = &(*end)->next;
	effect->kind = kind;
	effect->text = text;
	*end = effect;
	return effect;
}

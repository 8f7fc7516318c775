/* content_verdict.c - see content_verdict.h. */
#include "checks/content_verdict.h"

#include <string.h>

#include "base/arena.h"

enum { MOST_EFFECTS = 1000, MOST_NOTES = 64, MOST_INPUT = 200 };

void
content_verdict_begin(struct content_verdict *verdict, struct arena *arena)
{
	*verdict = (struct content_verdict){ .arena = arena };
	verdict->tail = &verdict->effects;
	verdict->notes_tail = &verdict->notes;
}

void
content_verdict_reject(struct content_verdict *verdict, int code,
    const char *dsn, const char *text)
{
	if (verdict->code != 0)
		return;
	verdict->code = code;
	verdict->dsn = arena_strdup(verdict->arena, dsn);
	verdict->text = arena_strdup(verdict->arena, text);
}

static bool
counts_once(enum effect_kind kind)
{
	return kind == EFFECT_FILTER || kind == EFFECT_REDIRECT;
}

void
content_verdict_effect(
    struct content_verdict *verdict, enum effect_kind kind, const char *text)
{
	struct effect *effect;
	size_t n = 0;

	for (effect = verdict->effects; effect != NULL; effect = effect->next) {
		n++;
		if (effect->kind != kind)
			continue;
		if (strcmp(effect->text, text) == 0)
			return;
		if (counts_once(kind)) {
			effect->text = arena_strdup(verdict->arena, text);
			return;
		}
	}
	if (n >= MOST_EFFECTS) {
		content_verdict_reject(
		    verdict, 452, "4.5.3", "Error: too many recipients");
		return;
	}
	effect = arena_alloc(verdict->arena, sizeof *effect);
	effect->kind = kind;
	effect->text = arena_strdup(verdict->arena, text);
	*verdict->tail = effect;
	verdict->tail = &effect->next;
}

void
content_verdict_note(struct content_verdict *verdict,
    const struct content_note *note, bool decides)
{
	struct arena *arena = verdict->arena;
	struct content_note *copy;

	if (verdict->nnotes >= MOST_NOTES && !decides)
		return;
	verdict->nnotes++;
	copy = arena_alloc(arena, sizeof *copy);
	if (decides)
		verdict->by = copy;
	copy->table = arena_strdup(arena, note->table);
	copy->part = arena_strdup(arena, note->part);
	copy->input =
	    arena_strndup(arena, note->input, strnlen(note->input, MOST_INPUT));
	copy->answer = arena_strdup(arena, note->answer);
	if (note->file != NULL)
		copy->file = arena_strdup(arena, note->file);
	copy->line = note->line;
	*verdict->notes_tail = copy;
	verdict->notes_tail = &copy->next;
}

bool
content_verdict_has(
    const struct content_verdict *verdict, enum effect_kind kind)
{
	for (const struct effect *e = verdict->effects; e != NULL; e = e->next)
		if (e->kind == kind)
			return true;
	return false;
}

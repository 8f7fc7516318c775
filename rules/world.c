/* world.c - see world.h. */
#include "rules/world.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/event.h"

/* Long enough for a resolver that asks several servers, and shorter than
 * what a client waits for a reply. */
enum { DNS_SECONDS = 20 };

void
world_dns_all(struct world *world, struct arena *arena,
    struct dns_question *questions, size_t n, int64_t deadline)
{
	world->ops->ask_all(world, arena, questions, n, deadline);
}

void
world_dns(struct world *world, struct arena *arena, const char *name,
    enum dns_type type, struct dns_answer *answer)
{
	struct dns_question question = { .name = name, .type = type };

	world_dns_all(world, arena, &question, 1,
	    world_mono(world) + DNS_SECONDS * CLOCK_SECOND);
	*answer = question.answer;
}

enum table_status
world_find(struct world *world, struct arena *arena, struct table *table,
    const char *key, struct table_value *value)
{
	return world->ops->find(world, arena, table, key, value);
}

static enum table_status
find_in(struct world *world, struct arena *arena, const struct table_list *list,
    const char *key, unsigned unwanted, struct table_value *value)
{
	*value = (struct table_value){ 0 };
	if (list == NULL || *key == '\0')
		return TABLE_NONE;
	for (size_t i = 0; i < list->count; i++) {
		struct table *table = list->tables[i];
		enum table_status status;

		if ((table_flags(table) & unwanted) != 0)
			continue;
		status = world_find(world, arena, table, key, value);
		/* "Nothing" written in a table is a mistake, not an answer. */
		if (status == TABLE_FOUND && value->text[0] == '\0') {
			value->text = arena_printf(arena,
			    "%s lookup of %s returns an empty string result",
			    table_spec(table), key);
			event_warning(NULL, "%s", value->text);
			return TABLE_FAILED;
		}
		if (status == TABLE_FAILED)
			event_warning(NULL, "%s lookup error for \"%.100s\"",
			    table_spec(table), key);
		if (status != TABLE_NONE)
			return status;
	}
	*value = (struct table_value){ 0 };
	return TABLE_NONE;
}

enum table_status
world_find_any(struct world *world, struct arena *arena,
    const struct table_list *list, const char *key, struct table_value *value)
{
	return find_in(world, arena, list, key, 0, value);
}

enum table_status
world_find_part(struct world *world, struct arena *arena,
    const struct table_list *list, const char *key, struct table_value *value)
{
	return find_in(world, arena, list, key, TABLE_WHOLE_KEY, value);
}

enum table_hint
world_hint(struct world *world, const struct table_list *list, const char *text,
    size_t len)
{
	enum table_hint least = TABLE_SILENT, hint;

	if (world->ops->hint == NULL)
		return TABLE_UNKNOWN;
	for (size_t i = 0; i < list->count && least != TABLE_UNKNOWN; i++) {
		hint = world->ops->hint(world, list->tables[i], text, len);
		least = hint < least ? hint : least;
	}
	return least;
}

bool
world_remember(struct world *world, struct arena *arena,
    const struct memory_question *question, int64_t *results, const char **why)
{
	if (world->ops->remember != NULL)
		return world->ops->remember(
		    world, arena, question, results, why);
	*why = "nothing is remembered here";
	return false;
}

int64_t
world_now(struct world *world)
{
	return world->ops->now(world);
}

int64_t
world_mono(struct world *world)
{
	return world->ops->mono(world);
}

/* rules.c - see rules.h. */
#include "classes/rules.h"

#include "base/arena.h"

/* An admin who has more different entries than this pays with memory. */
enum { MANY = 100000 };

static const struct list *
compile(struct rules *rules, const char *text)
{
	struct list_context context = { .arena = rules->arena,
		.classes = rules->classes,
		.routes_block = rules->routes_block,
		.memory_blocks = rules->memory_blocks,
		.elsewhere = &rules->elsewhere };
	struct list *list = arena_alloc(rules->arena, sizeof *list);

	list_compile(&context, "", arena_strdup(rules->arena, text), list);
	if (rules->found.count < MANY)
		(void)strmap_set(&rules->found, text, list);
	return list;
}

const struct list *
rules_find(struct rules *rules, const char *text)
{
	const struct list *list;

	(void)pthread_rwlock_rdlock(&rules->lock);
	list = strmap_find(&rules->found, text);
	(void)pthread_rwlock_unlock(&rules->lock);
	if (list != NULL)
		return list;
	(void)pthread_rwlock_wrlock(&rules->lock);
	list = strmap_find(&rules->found, text);
	if (list == NULL)
		list = compile(rules, text);
	(void)pthread_rwlock_unlock(&rules->lock);
	return list;
}

void
rules_found(struct rules *rules, enum wait waits)
{
	enum wait known = atomic_load(&rules->found_waits);

	while (known < waits &&
	    !atomic_compare_exchange_weak(&rules->found_waits, &known, waits))
		continue;
}

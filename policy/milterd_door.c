/* milterd_door.c - see milterd_door.h. */
#include "policy/milterd_door.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/master.h"
#include "checks/content_lists.h"
#include "policy/policy_door.h"

bool
milterd_door_is(const struct master_service *master)
{
	return (master->type == MASTER_INET || master->type == MASTER_UNIX) &&
	    strcmp(master->command, "milter") == 0;
}

/* A size that another directory's parameter has. */
static size_t
size_of(const struct milterd_door *door, const char *name, struct err *err)
{
	const struct policy_door *base = door->base;
	const char *text = conf_get(base->conf, name, base->arena, err);
	long long n = text != NULL ? strtoll(text, NULL, 10) : 0;

	return n > 0 ? (size_t)n : 0;
}

static void
open_tables(struct milterd_door *door, struct err *err)
{
	size_t header = size_of(door, "header_size_limit", err);
	size_t line = size_of(door, "line_length_limit", err);
	const struct table_list *const *lists;

	content_stack_tables(
	    &door->tables, door->base->conf, header, line, err);
	lists = (const struct table_list *const *)door->tables.checks->tables;
	door->edits_headers =
	    lists[CONTENT_HEADER] != NULL || lists[CONTENT_MIME] != NULL;
	door->edits_body = lists[CONTENT_BODY] != NULL ||
	    lists[CONTENT_MIME] != NULL || lists[CONTENT_NESTED] != NULL;
	door->spool = conf_get(
	    door->base->conf, "data_directory", door->base->arena, err);
	if (door->spool == NULL)
		door->spool = "/tmp";
}

struct milterd_door *
milterd_door_open(const struct master_service *master, struct conf *conf,
    bool strict, struct err *err)
{
	struct milterd_door *door = calloc(1, sizeof *door);
	struct err tables = { 0 };

	if (door == NULL)
		fatal("out of memory");
	door->base = policy_door_open(master, conf, strict, err);
	if (door->base == NULL) {
		free(door);
		return NULL;
	}
	open_tables(door, &tables);
	if (tables.text[0] != '\0')
		err_also(err, "%s", tables.text);
	if (strict && err->text[0] != '\0') {
		milterd_door_close(door);
		return NULL;
	}
	return door;
}

void
milterd_door_close(struct milterd_door *door)
{
	if (door == NULL)
		return;
	content_stack_forget(&door->tables);
	policy_door_close(door->base);
	free(door);
}

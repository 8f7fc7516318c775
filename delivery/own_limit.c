/* own_limit.c - see own_limit.h. */
#include "delivery/own_limit.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/param.h"

const char *
own_limit_text(struct conf *conf, const char *service, const char *what,
    struct arena *arena)
{
	const char *name = arena_printf(arena, "%s_%s", service, what);
	struct conf_value value;

	conf_used(conf, name);
	return conf_find(conf, name, &value) ? conf_get(conf, name, arena, NULL)
					     : NULL;
}

const char *
own_limit_time(
    struct conf *conf, const char *service, struct arena *arena, int64_t *limit)
{
	const char *text = own_limit_text(conf, service, "time_limit", arena);

	if (text == NULL)
		text = conf_get(conf, "command_time_limit", arena, NULL);
	return text != NULL && param_time(text, 's', limit) && *limit > 0
	    ? NULL
	    : text;
}

/* spawn_service.c - see spawn_service.h. */
#include "delivery/spawn_service.h"

#include <string.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/master.h"
#include "base/param.h"
#include "delivery/own_limit.h"

static int
refuse(const struct master_service *service, const char *what,
    const char *value, struct err *err)
{
	err_set(err, "%s:%u: service %s: %s%s%s", service->origin.file,
	    service->origin.line, service->name, what,
	    value[0] != '\0' ? ": " : "", value);
	return -1;
}

/* What stands behind argv= is all the command's. */
static char *const *
command(const char *const *args, struct arena *arena)
{
	size_t n = 0;
	char **argv;

	while (args[n] != NULL)
		n++;
	argv = arena_alloc(arena, (n + 1) * sizeof *argv);
	for (size_t i = 0; i < n; i++)
		argv[i] = arena_strdup(
		    arena, args[i] + (i == 0 ? strlen("argv=") : 0));
	return argv;
}

int
spawn_service_read(const struct master_service *service, struct conf *conf,
    struct arena *arena, struct spawn_service *s, struct err *err)
{
	struct base_params base;
	const char *bad;

	*s = (struct spawn_service){ .name = service->name };
	for (const char *const *word = service->args;
	     *word != NULL && s->argv == NULL; word++) {
		if (strncmp(*word, "argv=", 5) == 0)
			s->argv = command(word, arena);
		else if (strncmp(*word, "user=", 5) != 0)
			return refuse(
			    service, "unknown attribute name", *word, err);
		else if (!owner_parse(*word + 5, arena, &s->owner))
			return refuse(service, "bad user= value", *word, err);
	}
	if (s->argv == NULL || s->argv[0][0] == '\0')
		return refuse(service, "missing argv= attribute", "", err);
	if (s->owner.user == NULL)
		return refuse(service, "missing user= attribute", "", err);
	bad = own_limit_time(conf, service->name, arena, &s->time_limit);
	if (bad != NULL)
		return refuse(service, "bad time limit", bad, err);
	if (param_load(&base_params_table, conf, arena, &base, err) != 0)
		return -1;
	s->most = service->maxproc < 0 ? (size_t)base.default_process_limit
	    : service->maxproc == 0    ? SIZE_MAX
				       : (size_t)service->maxproc;
	return 0;
}

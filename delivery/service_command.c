/* service_command.c - see service_command.h. */
#include "delivery/service_command.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/master.h"
#include "delivery/own_limit.h"
#include "delivery/owner.h"

static const char begins[] = "argv=";

int
service_command_refuse(const struct master_service *service, const char *what,
    const char *value, struct err *err)
{
	err_set(err, "%s:%u: service %s: %s%s%s", service->origin.file,
	    service->origin.line, service->name, what,
	    value[0] != '\0' ? ": " : "", value);
	return -1;
}

bool
service_command_begins(const char *word)
{
	return strncmp(word, begins, strlen(begins)) == 0;
}

char *const *
service_command_argv(const char *const *words, struct arena *arena)
{
	size_t n = 0;
	char **argv;

	while (words[n] != NULL)
		n++;
	argv = arena_alloc(arena, (n + 1) * sizeof *argv);
	argv[0] = arena_strdup(arena, words[0] + strlen(begins));
	for (size_t i = 1; i < n; i++)
		argv[i] = arena_strdup(arena, words[i]);
	return argv;
}

int
service_command_user(const struct master_service *service, const char *value,
    struct arena *arena, struct owner *owner, struct err *err)
{
	if (owner_parse(value, arena, owner))
		return 0;
	return service_command_refuse(service, "bad user= value", value, err);
}

int
service_command_time(const struct master_service *service, struct conf *conf,
    struct arena *arena, int64_t *limit, struct err *err)
{
	const char *bad = own_limit_time(conf, service->name, arena, limit);

	if (bad == NULL)
		return 0;
	return service_command_refuse(service, "bad time limit", bad, err);
}

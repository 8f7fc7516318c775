/* spawn_service.c - see spawn_service.h. */
#include "delivery/spawn_service.h"

#include <string.h>

#include "base/base_params.h"
#include "base/master.h"
#include "base/param.h"
#include "delivery/service_command.h"

int
spawn_service_read(const struct master_service *service, struct conf *conf,
    struct arena *arena, struct spawn_service *s, struct err *err)
{
	struct base_params base;

	*s = (struct spawn_service){ .name = service->name };
	for (const char *const *word = service->args;
	     *word != NULL && s->argv == NULL; word++) {
		if (service_command_begins(*word))
			s->argv = service_command_argv(word, arena);
		else if (strncmp(*word, "user=", 5) != 0)
			return service_command_refuse(
			    service, "unknown attribute name", *word, err);
		else if (service_command_user(
			     service, *word + 5, arena, &s->owner, err) != 0)
			return -1;
	}
	if (s->argv == NULL || s->argv[0][0] == '\0')
		return service_command_refuse(
		    service, "missing argv= attribute", "", err);
	if (s->owner.user == NULL)
		return service_command_refuse(
		    service, "missing user= attribute", "", err);
	if (service_command_time(service, conf, arena, &s->time_limit, err) !=
		0 ||
	    param_load(&base_params_table, conf, arena, &base, err) != 0)
		return -1;
	s->most = service->maxproc < 0 ? (size_t)base.default_process_limit
	    : service->maxproc == 0    ? SIZE_MAX
				       : (size_t)service->maxproc;
	return 0;
}

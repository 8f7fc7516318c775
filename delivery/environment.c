/* environment.c - see environment.h. */
#include "delivery/environment.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"

/* export_environment: names of variables that are passed on, and name=value. */
char *const *
environment_read(
    struct conf *conf, const char *config_directory, struct arena *arena)
{
	const char *list = conf_get(conf, "export_environment", arena, NULL);
	const char *word, *value;
	size_t n = 0;
	char **envp;

	if (list == NULL)
		list = "";
	envp = arena_alloc(arena, (strlen(list) + 2) * sizeof *envp);
	envp[n++] = arena_strdup(arena, "PATH=/usr/bin:/bin");
	while ((word = conf_word(&list, arena)) != NULL) {
		if (strchr(word, '=') != NULL) {
			envp[n++] = arena_strdup(arena, word);
			continue;
		}
		/* LANG as import_environment of Postfix sets it. */
		value = strcmp(word, "MAIL_CONFIG") == 0 ? config_directory
		    : strcmp(word, "LANG") == 0          ? "C"
							 : secure_getenv(word);
		if (value != NULL)
			envp[n++] = arena_printf(arena, "%s=%s", word, value);
	}
	return envp;
}

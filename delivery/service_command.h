/* service_command.h - the part of pipe(8) and spawn(8) services that is the
 * same: which command they run, as whom, how long.  All that return int: 0, or
 * -1 and the mistake with its place. */
#ifndef DELIVERY_SERVICE_COMMAND_H
#define DELIVERY_SERVICE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct conf;
struct err;
struct master_service;
struct owner;

/* service_command_refuse(service, what, value, err): always -1; ${value} may be
 * empty. */
int service_command_refuse(const struct master_service *service,
    const char *what, const char *value, struct err *err);

/* service_command_begins(word): all from argv= on is the command's. */
bool service_command_begins(const char *word);

/* service_command_argv(words, arena): the command that begins with words[0], in
 * ${arena}. */
char *const *
service_command_argv(const char *const *words, struct arena *arena);

/* service_command_user(service, value, arena, owner, err): user=${value}. */
int
service_command_user(const struct master_service *service, const char *value,
    struct arena *arena, struct owner *owner, struct err *err);

/* service_command_time(service, conf, arena, limit, err): its time limit, ns. */
int service_command_time(const struct master_service *service,
    struct conf *conf, struct arena *arena, int64_t *limit, struct err *err);

#endif

/* environment.h - what programs that mail is given to find around them. */
#ifndef DELIVERY_ENVIRONMENT_H
#define DELIVERY_ENVIRONMENT_H

struct arena;
struct conf;

/* environment_read(conf, config_directory, arena): the variables that
 * export_environment names, and PATH; ended by NULL. */
char *const *environment_read(
    struct conf *conf, const char *config_directory, struct arena *arena);

#endif

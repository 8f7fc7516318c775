/* setting.h - one parameter and the value that somebody gives it. */
#ifndef WEIR_SETTING_H
#define WEIR_SETTING_H

#include <stdbool.h>

struct arena;
struct conf;
struct err;

/* setting_pair(text, arena, name, value, err): cut "name = value" in two,
 * without white space around them; -1 and the reason if it is not that. */
int setting_pair(const char *text, struct arena *arena, const char **name,
    const char **value, struct err *err);

/* setting_check(conf, name, err): can the value that ${name} has in ${conf} be
 * used?  -1 and the reason. */
int setting_check(struct conf *conf, const char *name, struct err *err);

/* setting_is_raw(name): the $names in its value are filled in when it is used,
 * and are no parameters. */
bool setting_is_raw(const char *name);

#endif

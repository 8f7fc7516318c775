/* table_settings.h - the parameters of one table: "type:/path/x.cf" has them in
 * a file of main.cf's format, where a $ is a $; "type:name" in main.cf itself,
 * as name_parameter (pgsql_table(5) and its relatives). */
#ifndef RULES_TABLE_SETTINGS_H
#define RULES_TABLE_SETTINGS_H

#include <stdbool.h>

struct err;
struct table_opening;
struct table_settings;

/* table_settings_open(opening, err): read them.  NULL and the reason: the file
 * cannot be read, or is malformed.  What follows lives until
 * table_settings_close(). */
struct table_settings *
table_settings_open(const struct table_opening *opening, struct err *err);
void table_settings_close(struct table_settings *settings);

/* table_settings_name(settings): the path or name, for messages. */
const char *table_settings_name(const struct table_settings *settings);

/* table_settings_text(settings, name, preset): the value; ${preset}, which may
 * be NULL, if nobody sets it. */
const char *table_settings_text(
    struct table_settings *settings, const char *name, const char *preset);

/* table_settings_filled(settings, name, value, err): *value, which holds the
 * preset or NULL, becomes what is set; -1 and the reason if that is "". */
int table_settings_filled(struct table_settings *settings, const char *name,
    const char **value, struct err *err);

/* table_settings_count(settings, name, least, value, err),
 * table_settings_flag(settings, name, value, err): the same for a number, not
 * less than ${least}, and for yes and no. */
int table_settings_count(struct table_settings *settings, const char *name,
    int least, int *value, struct err *err);
int table_settings_flag(struct table_settings *settings, const char *name,
    bool *value, struct err *err);

/* table_settings_words(settings, name, preset): the value's words, separated by
 * commas and white space, ended by NULL. */
char *const *table_settings_words(
    struct table_settings *settings, const char *name, const char *preset);

/* table_settings_split(settings, text): the words of ${text}, likewise. */
char *const *
table_settings_split(struct table_settings *settings, const char *text);

/* table_settings_keep(settings, text): a copy that lives as long. */
const char *
table_settings_keep(struct table_settings *settings, const char *text);

#endif

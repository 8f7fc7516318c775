/* ruletext.h - the text of cidr, regexp and pcre tables: a file of rules, or
 * "{ {rule}, {rule} }" where the table is named. */
#ifndef RULES_RULETEXT_H
#define RULES_RULETEXT_H

#include <stdbool.h>

struct err;

/*
 * ruletext_read(type, name, fn, arg, err):
 * Call ${fn} for every rule of the table ${type}:${name}, with its line (or
 * which of the rules in braces it is).  The rule may be written to.  0, or -1
 * and the reason: it cannot be read.
 */
int ruletext_read(const char *type, const char *name,
    void (*fn)(void *arg, char *rule, unsigned line), void *arg,
    struct err *err);

/* ruletext_word(rule, word): ${rule} begins with ${word}, in any case, and no
 * letter or digit follows it. */
bool ruletext_word(const char *rule, const char *word);

/* ruletext_is_file(name): not in braces. */
bool ruletext_is_file(const char *name);

/* ruletext_warn(type, name, line, format, ...): "type map name, line N: ..." */
void ruletext_warn(const char *type, const char *name, unsigned line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif

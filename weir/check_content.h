/* check_content.h - weir check of content checks: those for all, and those of
 * restriction classes. */
#ifndef WEIR_CHECK_CONTENT_H
#define WEIR_CHECK_CONTENT_H

struct arena;
struct conf;

/* check_content_review(conf, say, arg): call say(arg, "file:line: advice") for rules
 * that are never found. */
void check_content_review(
    struct conf *conf, void (*say)(void *arg, const char *text), void *arg);

/* check_content_suggest(conf, name, arena): the parameter of a class that an unknown
 * ${name} may have meant; or NULL. */
const char *
check_content_suggest(struct conf *conf, const char *name, struct arena *arena);

#endif

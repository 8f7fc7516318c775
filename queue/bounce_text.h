/* bounce_text.h - the words of notices with the values of main.cf in them. */
#ifndef QUEUE_BOUNCE_TEXT_H
#define QUEUE_BOUNCE_TEXT_H

#include "queue/bounce_template.h"

struct arena;
struct conf;
struct err;

/*
 * bounce_text_expand(t, conf, arena, warn, err): the text of ${t} with the values
 * of its $names, in ${arena}; NULL: it has a name that nobody defines, or is
 * malformed.  A time that does not suit its unit is a warning, if ${warn}.
 * bounce_text_from(t, conf, arena): its From: with complete addresses.
 */
const char *bounce_text_expand(const struct bounce_template *t,
    struct conf *conf, struct arena *arena, bool warn, struct err *err);
const char *bounce_text_from(
    const struct bounce_template *t, struct conf *conf, struct arena *arena);

/*
 * bounce_text_load(conf, arena, templates, warn, err):
 * All of them as ${conf} has them, expanded, in ${arena}: of the file that is
 * attached to it as bounce_template_file, if one is.  -1 and why: that file is
 * of no use, and ${templates} are those that are built in.
 */
int bounce_text_load(struct conf *conf, struct arena *arena,
    struct bounce_template templates[], bool warn, struct err *err);

#endif

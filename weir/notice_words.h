/* notice_words.h - postconf -b and -t: what notices would say. */
#ifndef WEIR_NOTICE_WORDS_H
#define WEIR_NOTICE_WORDS_H

#include <stdbool.h>

struct conf;
struct err;

/* notice_words_show(conf, file, expand, err): print the templates of ${file}
 * (NULL: of bounce_template_file; "": those that are built in) on stdout, or,
 * with ${expand}, their texts with the values of ${conf}.  -1 and why. */
int notice_words_show(
    struct conf *conf, const char *file, bool expand, struct err *err);

#endif

/* standalone.h - SMTP on standard input and output. */
#ifndef WEIR_STANDALONE_H
#define WEIR_STANDALONE_H

struct err;

/* standalone_run(path, err): connect them with the pickup service at ${path},
 * until it has said its last word.  0; -1 and why: nobody is there. */
int standalone_run(const char *path, struct err *err);

#endif

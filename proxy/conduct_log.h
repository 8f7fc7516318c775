/* conduct_log.h - what becomes of a client's mail counts for its reputation. */
#ifndef PROXY_CONDUCT_LOG_H
#define PROXY_CONDUCT_LOG_H

#include "classes/stage.h"

struct session;

/* conduct_log_stage(s, stage, verdict): a command was judged.
 * conduct_log_content(s, reply): so was the message, and the reply is ${reply},
 * not NULL.  conduct_log_stored(s): the queue has it.  None of them blocks. */
void conduct_log_stage(
    struct session *s, enum stage stage, const struct verdict *verdict);
void conduct_log_content(struct session *s, const char *reply);
void conduct_log_stored(struct session *s);

#endif

/* command_filter.h - commands that a table rewrites before they are looked at
 * (smtpd_command_filter). */
#ifndef PROXY_COMMAND_FILTER_H
#define PROXY_COMMAND_FILTER_H

#include <stdbool.h>

struct session;

/* command_filter_apply(s): s->line becomes what the table makes of it; it may
 * block if that may.  False: the table could not be asked; the client has been
 * told, and the session ends. */
bool command_filter_apply(struct session *s);

#endif

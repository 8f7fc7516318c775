/* cmd_xclient.h - XCLIENT: for whom the client speaks. */
#ifndef PROXY_CMD_XCLIENT_H
#define PROXY_CMD_XCLIENT_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

struct session;

/* See struct smtp_command. */
enum smtp_command_result cmd_xclient_run(struct session *s);
bool cmd_xclient_blocks(const struct session *s);

#endif

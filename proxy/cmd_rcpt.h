/* cmd_rcpt.h - RCPT. */
#ifndef PROXY_CMD_RCPT_H
#define PROXY_CMD_RCPT_H

#include <stdbool.h>

#include "proxy/command.h"

struct session;

/* See struct command. */
enum command_result cmd_rcpt_run(struct session *s);
bool cmd_rcpt_blocks(const struct session *s);

#endif

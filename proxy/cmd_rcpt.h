/* cmd_rcpt.h - RCPT. */
#ifndef PROXY_CMD_RCPT_H
#define PROXY_CMD_RCPT_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

struct session;

/* See struct smtp_command. */
enum smtp_command_result cmd_rcpt_run(struct session *s);
bool cmd_rcpt_blocks(const struct session *s);

#endif

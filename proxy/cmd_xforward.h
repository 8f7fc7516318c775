/* cmd_xforward.h - XFORWARD: whom the client has received the message from. */
#ifndef PROXY_CMD_XFORWARD_H
#define PROXY_CMD_XFORWARD_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

struct session;

/* See struct smtp_command. */
enum smtp_command_result cmd_xforward_run(struct session *s);

#endif

/* cmd_xforward.h - XFORWARD: whom the client has received the message from. */
#ifndef PROXY_CMD_XFORWARD_H
#define PROXY_CMD_XFORWARD_H

#include <stdbool.h>

#include "proxy/command.h"

struct session;

/* See struct command. */
enum command_result cmd_xforward_run(struct session *s);

#endif

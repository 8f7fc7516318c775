/* cmd_data.h - DATA. */
#ifndef PROXY_CMD_DATA_H
#define PROXY_CMD_DATA_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

struct session;

/* See struct smtp_command. */
enum smtp_command_result cmd_data_run(struct session *s);
bool cmd_data_blocks(const struct session *s);

#endif

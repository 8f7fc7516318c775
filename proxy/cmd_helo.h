/* cmd_helo.h - HELO, EHLO and LHLO. */
#ifndef PROXY_CMD_HELO_H
#define PROXY_CMD_HELO_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

struct session;

/* See struct smtp_command. */
enum smtp_command_result cmd_helo_helo(struct session *s);
enum smtp_command_result cmd_helo_ehlo(struct session *s);
enum smtp_command_result cmd_helo_lhlo(struct session *s);
bool cmd_helo_blocks(const struct session *s);

#endif

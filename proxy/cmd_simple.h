/* cmd_simple.h - the commands that are a few lines each. */
#ifndef PROXY_CMD_SIMPLE_H
#define PROXY_CMD_SIMPLE_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

struct session;

/* See struct smtp_command. */
enum smtp_command_result cmd_simple_auth(struct session *s);
enum smtp_command_result cmd_simple_etrn(struct session *s);
enum smtp_command_result cmd_simple_help(struct session *s);
enum smtp_command_result cmd_simple_noop(struct session *s);
enum smtp_command_result cmd_simple_quit(struct session *s);
enum smtp_command_result cmd_simple_rset(struct session *s);
enum smtp_command_result cmd_simple_vrfy(struct session *s);
bool cmd_simple_etrn_blocks(const struct session *s);
bool cmd_simple_vrfy_blocks(const struct session *s);

#endif

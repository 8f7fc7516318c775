/* cmd_mail.h - MAIL. */
#ifndef PROXY_CMD_MAIL_H
#define PROXY_CMD_MAIL_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

struct session;

/* See struct smtp_command. */
enum smtp_command_result cmd_mail_run(struct session *s);
bool cmd_mail_blocks(const struct session *s);

#endif

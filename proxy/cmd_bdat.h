/* cmd_bdat.h - BDAT (RFC 3030): a message in chunks. */
#ifndef PROXY_CMD_BDAT_H
#define PROXY_CMD_BDAT_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

/* The octets behind the command are the loop's business: SESSION_BODY if they
 * are wanted, SESSION_SKIP if not. */
enum smtp_command_result cmd_bdat_run(struct session *s);
bool cmd_bdat_blocks(const struct session *s);

/* cmd_bdat_skipped(s): all of a refused chunk has come; the client is told.  By
 * the loop. */
void cmd_bdat_skipped(struct session *s);

#endif

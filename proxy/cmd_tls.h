/* cmd_tls.h - STARTTLS, and the handshake. */
#ifndef PROXY_CMD_TLS_H
#define PROXY_CMD_TLS_H

#include <stdbool.h>

#include "proxy/smtp_command.h"

struct session;

/* See struct smtp_command. */
enum smtp_command_result cmd_tls_starttls(struct session *s);

enum cmd_tls_status { CMD_TLS_DONE, CMD_TLS_WAIT, CMD_TLS_FAILED };

/* cmd_tls_handshake(s): go on with it.  CMD_TLS_DONE: all that was said before
 * is forgotten.  CMD_TLS_FAILED: logged; the session must end.  The loop
 * only. */
enum cmd_tls_status cmd_tls_handshake(struct session *s);

#endif

/* smtp_command.c - the registry of SMTP commands. */
#include "proxy/smtp_command.h"

#include <stddef.h>
#include <strings.h>

#include "proxy/cmd_bdat.h"
#include "proxy/cmd_data.h"
#include "proxy/cmd_helo.h"
#include "proxy/cmd_mail.h"
#include "proxy/cmd_rcpt.h"
#include "proxy/cmd_simple.h"
#include "proxy/cmd_tls.h"
#include "proxy/cmd_xclient.h"
#include "proxy/cmd_xforward.h"

enum { L = SMTP_COMMAND_LAST, J = SMTP_COMMAND_JUNK, T = SMTP_COMMAND_PRE_TLS };

/* In the order of the disconnect line. */
/* clang-format off */
static const struct smtp_command commands[SMTP_COMMAND_COUNT] = {
	{ "HELO", "helo", J | T | L, cmd_helo_helo, cmd_helo_blocks },
	{ "EHLO", "ehlo", J | T | L, cmd_helo_ehlo, cmd_helo_blocks },
	{ "LHLO", "lhlo", J | T | L | SMTP_COMMAND_LMTP, cmd_helo_lhlo, cmd_helo_blocks },
	{ "STARTTLS", "starttls", T, cmd_tls_starttls, NULL },
	{ "XCLIENT", "xclient", T, cmd_xclient_run, cmd_xclient_blocks },
	{ "XFORWARD", "xforward", 0, cmd_xforward_run, NULL },
	{ "AUTH", "auth", 0, cmd_simple_auth, NULL },
	{ "MAIL", "mail", 0, cmd_mail_run, cmd_mail_blocks },
	{ "RCPT", "rcpt", 0, cmd_rcpt_run, cmd_rcpt_blocks },
	{ "DATA", "data", L, cmd_data_run, cmd_data_blocks },
	{ "BDAT", "bdat", 0, cmd_bdat_run, cmd_bdat_blocks },
	{ "RSET", "rset", J, cmd_simple_rset, NULL },
	{ "NOOP", "noop", J | T | L, cmd_simple_noop, NULL },
	{ "VRFY", "vrfy", J | L, cmd_simple_vrfy, cmd_simple_vrfy_blocks },
	{ "ETRN", "etrn", J, cmd_simple_etrn, cmd_simple_etrn_blocks },
	{ "HELP", "help", J | T, cmd_simple_help, NULL },
	{ "QUIT", "quit", T | SMTP_COMMAND_ALWAYS, cmd_simple_quit, NULL },
	{ "UNKNOWN", "unknown", 0, NULL, NULL },
};
/* clang-format on */

const struct smtp_command *
smtp_command_find(const char *name, bool lmtp)
{
	const struct smtp_command *c = commands;

	while (c->run != NULL &&
	    (strcasecmp(c->name, name) != 0 ||
		((c->flags & SMTP_COMMAND_LMTP) && !lmtp)))
		c++;
	return c;
}

unsigned
smtp_command_place(const struct smtp_command *command)
{
	return (unsigned)(command - commands);
}

const struct smtp_command *
smtp_command_at(unsigned place)
{
	return &commands[place];
}

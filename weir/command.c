/* command.c - the registry of sub-commands. */
#include "weir/command.h"

#include <stddef.h>
#include <string.h>

#include "weir/cmd_check.h"
#include "weir/cmd_class.h"
#include "weir/cmd_explain.h"
#include "weir/cmd_newaliases.h"
#include "weir/cmd_postcat.h"
#include "weir/cmd_postconf.h"
#include "weir/cmd_postdrop.h"
#include "weir/cmd_postmap.h"
#include "weir/cmd_postqueue.h"
#include "weir/cmd_postsuper.h"
#include "weir/cmd_queue.h"
#include "weir/cmd_run.h"
#include "weir/cmd_sendmail.h"
#include "weir/cmd_state.h"
#include "weir/cmd_test.h"
#include "weir/role_auth.h"
#include "weir/role_milter.h"
#include "weir/role_policy.h"
#include "weir/roles.h"

/* clang-format off */
static const struct command commands[] = {
	{ "run", cmd_run, "serve in the foreground", "[-c DIR]", 0 },
	{ "start", cmd_run_start, "serve in the background", "[-c DIR]", 0 },
	{ "stop", cmd_run_stop, "stop serving", "[-c DIR]", 0 },
	{ "reload", cmd_run_reload, "take a new configuration", "[-c DIR]", 0 },
	{ "status", cmd_run_status, "list processes and listeners, or what rules do",
	  "[-c DIR] [--rules]", 0 },
	{ "check", cmd_check, "find mistakes in the configuration", "[-c DIR]", 0 },
	{ "class", cmd_class, "show or change who has which restriction class",
	  "[-c DIR] list | show USER | set USER CLASS | unset USER [CLASS]", 0 },
	{ "explain", cmd_explain, "show how a decision was made",
	  "[-j] [-c DIR] [-n COUNT] ID", 0 },
	{ "mailq", cmd_postqueue_mailq, "list the mail queue", "[-c DIR]", 0 },
	{ "newaliases", cmd_newaliases, "rebuild the alias databases",
	  "[-c DIR]", 0 },
	{ "postalias", cmd_postmap_aliases, "make or query an alias database",
	  "[options] [TYPE:]FILE ...", 0 },
	{ "postmap", cmd_postmap, "make or query a lookup table",
	  "[options] [TYPE:]FILE ...", 0 },
	{ "policy", cmd_run_policy, "serve as a policy server alone, in the foreground",
	  "[-c DIR]", 0 },
	{ "milter", cmd_run_milter, "serve as a milter alone, in the foreground",
	  "[-c DIR]", 0 },
	{ "state", cmd_state, "show or clear what restrictions remember",
	  "[-c DIR] list | show | clear | export [KIND [KEY]]", 0 },
	{ "test", cmd_test, "try rules, addresses and sessions without a server",
	  "address | expand | match | message | session | table ...", 0 },
	{ "postcat", cmd_postcat, "show a message of the queue",
	  "-q [-beh] [-c DIR] ID ...", 0 },
	{ "postconf", cmd_postconf, "show or edit the configuration",
	  "[options] [NAME | NAME=VALUE ...]", 0 },
	{ "postdrop", cmd_postdrop, "submit a message in records of Postfix",
	  "[-c DIR]", 1 },
	{ "postqueue", cmd_postqueue, "list or flush the mail queue",
	  "-p | -j | -f | -i ID | -s SITE", 0 },
	{ "postsuper", cmd_postsuper, "delete, hold or requeue mail",
	  "[-d ID] [-h ID] [-H ID] [-r ID] [QUEUE ...]", 0 },
	{ "queue", cmd_queue, "how much mail waits, and how long",
	  "[-c DIR] --by domain | sender | reason | age [QUEUE ...]", 0 },
	{ "sendmail", cmd_sendmail, "submit mail, as a user of this machine",
	  "[options] [recipient ...]", 0 },
	{ "master", cmd_run_master, "what start leaves running", "", 1 },
	{ "role-proxy", roles_proxy, "SMTP server", "", 1 },
	{ "role-auth", role_auth, "evaluator of SPF policies", "", 1 },
	{ "role-policy", role_policy, "policy server", "", 1 },
	{ "role-milter", role_milter, "milter service", "", 1 },
	{ "role-queue", roles_queue, "queue", "", 1 },
	{ "role-deliver", roles_deliver, "delivery", "", 1 },
	{ "role-local", roles_local, "mailboxes", "", 1 },
	{ "role-maildrop", roles_maildrop, "mail that waits", "", 1 },
	{ "role-patterns", roles_patterns, "compiler of patterns", "", 1 },
	{ NULL, NULL, NULL, NULL, 0 },
};
/* clang-format on */

const struct command *
command_all(void)
{
	return commands;
}

const struct command *
command_find(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

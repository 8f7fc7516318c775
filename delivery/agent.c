/* agent.c - the registry of agents. */
#include "delivery/agent.h"

#include <string.h>

#include "delivery/local_agent.h"
#include "delivery/pipe_agent.h"
#include "delivery/simple_agent.h"
#include "delivery/smtp_agent.h"
#include "delivery/virtual_agent.h"

static const struct agent *const agents[] = {
	&smtp_agent,
	&smtp_agent_lmtp,
	&virtual_agent,
	&local_agent,
	&pipe_agent,
	&simple_agent_error,
	&simple_agent_retry,
	&simple_agent_discard,
};

const struct agent *
agent_find(const char *command)
{
	for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++)
		if (strcmp(agents[i]->command, command) == 0)
			return agents[i];
	return NULL;
}

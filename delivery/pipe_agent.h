/* pipe_agent.h - delivery to a command that master.cf names (pipe(8)). */
#ifndef DELIVERY_PIPE_AGENT_H
#define DELIVERY_PIPE_AGENT_H

#include "delivery/agent.h"

extern const struct agent pipe_agent;

#endif

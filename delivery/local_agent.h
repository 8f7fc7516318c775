/* local_agent.h - mailboxes of the users of this machine. */
#ifndef DELIVERY_LOCAL_AGENT_H
#define DELIVERY_LOCAL_AGENT_H

#include "delivery/agent.h"

extern const struct agent local_agent;

#endif

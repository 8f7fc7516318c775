/* virtual_agent.h - mailboxes of virtual users, all found in tables. */
#ifndef DELIVERY_VIRTUAL_AGENT_H
#define DELIVERY_VIRTUAL_AGENT_H

#include "delivery/agent.h"

extern const struct agent virtual_agent;

#endif

/* simple_agent.h - the agents that carry no mail: error and retry give it back
 * with the text in the next hop, discard throws it away. */
#ifndef DELIVERY_SIMPLE_AGENT_H
#define DELIVERY_SIMPLE_AGENT_H

#include "delivery/agent.h"

extern const struct agent simple_agent_error, simple_agent_retry,
    simple_agent_discard;

#endif

/* smtp_agent.h - mail to other servers by SMTP and LMTP. */
#ifndef DELIVERY_SMTP_AGENT_H
#define DELIVERY_SMTP_AGENT_H

#include "delivery/agent.h"

extern const struct agent smtp_agent, smtp_agent_lmtp;

#endif

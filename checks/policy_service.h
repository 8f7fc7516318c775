/* policy_service.h - check_policy_service: asking somebody else
 * (SMTPD_POLICY_README). */
#ifndef CHECKS_POLICY_SERVICE_H
#define CHECKS_POLICY_SERVICE_H

#include <stdint.h>

#include "rules/world.h"

struct answer;
struct arena;
struct ask;
struct buf;
struct err;

/* One service, with what { } settings say for it alone. */
struct policy_service {
	struct world_service to;
	const char *default_action; /* NULL: the parameter's, as below */
	const char *context;
	int64_t timeout, retry_delay; /* -1 */
	int64_t try_limit;            /* 0 */
};

/* policy_service_parse(text, arena, err): "inet:host:port", or that and
 * "name=value" or "{ name = value }" in braces.  NULL and the reason. */
const struct policy_service *
policy_service_parse(const char *text, struct arena *arena, struct err *err);

/* policy_service_request(ask, service, out): append what ${service} is asked:
 * ${ask}'s subject, site and where. */
void policy_service_request(const struct ask *ask,
    const struct policy_service *service, struct buf *out);

/* The restriction. */
void policy_service_ask(struct ask *ask, struct answer *answer);

#endif

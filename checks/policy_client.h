/* policy_client.h - talking to policy servers, over connections that are kept
 * and used again. */
#ifndef CHECKS_POLICY_CLIENT_H
#define CHECKS_POLICY_CLIENT_H

#include <stdint.h>

struct arena;
struct policy_client;
struct world_service;

/* What holds for services that say nothing else (rules/world.h). */
struct policy_client_settings {
	int64_t max_idle, max_ttl; /* nanoseconds */
	int64_t request_limit;     /* per connection; 0: none */
	const char *directory;     /* where "unix:name" without / is */
};

struct policy_client *
policy_client_new(const struct policy_client_settings *settings);
void policy_client_free(struct policy_client *client);

/*
 * policy_client_ask(client, arena, to, request, deadline, why):
 * Send ${request} to the service ${to} and wait for the answer until ${deadline}
 * (mono).  The action, in ${arena}, or NULL and the reason in *why.  A kept
 * connection that has gone stale is replaced, which is no failure.  Any
 * thread that may block.
 */
const char *policy_client_ask(struct policy_client *client, struct arena *arena,
    const struct world_service *to, const char *request, int64_t deadline,
    const char **why);

#endif

/* spf_client.h - asks the role that evaluates policies. */
#ifndef CHECKS_SPF_CLIENT_H
#define CHECKS_SPF_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct spf_query;
struct spf_reply;

/* spf_client_ask(path, arena, query, reply, deadline): spf_evaluate() by
 * whoever listens on the Unix socket ${path}.  Blocks until ${deadline} at most;
 * if the role dies meanwhile, another is asked once.  False: no answer.  Any
 * thread. */
bool spf_client_ask(const char *path, struct arena *arena,
    const struct spf_query *query, struct spf_reply *reply, int64_t deadline);

/* spf_client_serve(fd, deadline): the other side: take ${fd}, a connection, read
 * one question, answer it, close. */
void spf_client_serve(int fd, int64_t deadline);

#endif

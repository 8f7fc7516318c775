/* admin_serve.h - the queue role's end of the administrators' commands. */
#ifndef QUEUE_ADMIN_SERVE_H
#define QUEUE_ADMIN_SERVE_H

struct admin_serve;
struct loop;
struct schedule;
struct store;

struct admin_serve *admin_serve_new(
    struct loop *loop, struct store *store, struct schedule *schedule);
void admin_serve_free(struct admin_serve *serve);

/* admin_serve_join(serve, fd): a command has connected; takes over ${fd}.
 * Anybody may list and flush; root and the owner of this process may change
 * and read messages. */
void admin_serve_join(struct admin_serve *serve, int fd);

#endif

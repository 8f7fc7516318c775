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

/* admin_serve_users(serve, list, flush): who may list the queue, and who may have
 * it tried now (user_list.h); the texts must outlive ${serve}, or the next call.
 * Until then everybody may. */
void admin_serve_users(
    struct admin_serve *serve, const char *list, const char *flush);

/* admin_serve_join(serve, fd): a command has connected; takes over ${fd}.
 * Whom admin_serve_users() names may list and flush; root and the owner of this
 * process may change and read messages, too. */
void admin_serve_join(struct admin_serve *serve, int fd);

#endif

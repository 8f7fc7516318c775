/* submit_serve.h - messages that proxies hand to the queue role (the other end of
 * submit.h). */
#ifndef QUEUE_SUBMIT_SERVE_H
#define QUEUE_SUBMIT_SERVE_H

#include <stdint.h>

struct frame;
struct group;
struct submit_serve;
struct submit_serve_peer;
struct queue_wire;
struct schedule;
struct store;

/* submit_serve_new(store, group, schedule): what is stored goes to ${schedule}. */
struct submit_serve *submit_serve_new(
    struct store *store, struct group *group, struct schedule *schedule);
void submit_serve_free(struct submit_serve *serve);

/* submit_serve_join(serve, wire): a proxy has connected.
 * submit_serve_leave(): it has
 * gone; what came by half is dropped. */
struct submit_serve_peer *
submit_serve_join(struct submit_serve *serve, struct queue_wire *wire);
void submit_serve_leave(struct submit_serve_peer *peer);

/* submit_serve_frame(peer, frame): it said this; hangs up on nonsense. */
void
submit_serve_frame(struct submit_serve_peer *peer, const struct frame *frame);

/* submit_serve_room(serve, octets): tell all proxies how large a message may
 * be. */
void submit_serve_room(struct submit_serve *serve, uint64_t octets);

#endif

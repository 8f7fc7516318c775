/* door.h - listening sockets: who comes in. */
#ifndef PROXY_DOOR_H
#define PROXY_DOOR_H

#include <stdbool.h>

struct door;
struct hall;

/* door_open(hall, fd, place, share): let clients of the listening socket ${fd}
 * into service ${place} of ${hall}; ${share}: other loops listen to it too.
 * ${fd} stays the caller's.  By the loop's thread, or before it runs. */
struct door *door_open(struct hall *hall, int fd, unsigned place, bool share);

/* door_close(door): nobody else comes in. */
void door_close(struct door *door);

#endif

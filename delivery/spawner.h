/* spawner.h - the spawn services at work: a program for each connection. */
#ifndef DELIVERY_SPAWNER_H
#define DELIVERY_SPAWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "delivery/spawn_service.h"

struct pollfd;
struct spawner;

/* A listening socket with its service; several may have the same one. */
struct spawner_listener {
	const struct spawn_service *service;
	int fd;
};

struct spawner_settings {
	const struct spawner_listener *listeners;
	size_t count;
	char *const *envp;
	const char *directory; /* where programs start */
};

/* spawner_open(settings): what ${settings} points to is the caller's, and
 * stays.  spawner_close(): programs that run go on. */
struct spawner *spawner_open(const struct spawner_settings *settings);
void spawner_close(struct spawner *spawner);

/*
 * spawner_poll(spawner, p):
 * Fill p[0] to p[count - 1]: wait for connections where there is room for one
 * more (others get a descriptor of -1).  spawner_serve(spawner, p): take those
 * that have come.
 */
void spawner_poll(const struct spawner *spawner, struct pollfd *p);
void spawner_serve(struct spawner *spawner, const struct pollfd *p);

/* spawner_ended(spawner, pid, status): false: it is none of its programs.  What
 * did not end well is logged. */
bool spawner_ended(struct spawner *spawner, pid_t pid, int status);

/* spawner_kill_late(spawner): end those whose time is over; when (clock_mono())
 * to call it again at the latest; INT64_MAX: nothing runs. */
int64_t spawner_kill_late(struct spawner *spawner);

#endif

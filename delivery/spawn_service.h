/* spawn_service.h - a spawn service of master.cf: a program for each
 * connection, whose standard input and output the connection is (spawn(8)). */
#ifndef DELIVERY_SPAWN_SERVICE_H
#define DELIVERY_SPAWN_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "delivery/owner.h"

struct arena;
struct conf;
struct err;
struct master_service;

struct spawn_service {
	const char *name;
	struct owner owner;
	char *const *argv;
	int64_t time_limit; /* of the program, ns */
	size_t most;        /* at once */
};

/* spawn_service_read(service, conf, arena, s, err): understand the arguments of
 * ${service}; 0; -1 and the mistake with its place. */
int spawn_service_read(const struct master_service *service, struct conf *conf,
    struct arena *arena, struct spawn_service *s, struct err *err);

#endif

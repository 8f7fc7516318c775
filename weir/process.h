/* process.h - one role process, seen from the supervisor. */
#ifndef WEIR_PROCESS_H
#define WEIR_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

struct arena;
struct err;
struct generation;
struct master;
struct master_service;
struct listeners;

/* What a kind of role is given.  The registry is in process.c. */
struct role {
	const char *name;       /* "proxy" */
	const char *command;    /* "role-proxy" */
	const char *sockets[3]; /* Unix sockets that it listens on */
	const char *serves[4];  /* the commands whose listeners it has */
	bool in_place;          /* takes a new generation by SIGHUP */
	bool retires;    /* SIGUSR2: others serve now; finish the sessions */
	bool on_demand;  /* only where master.cf has a service that it serves */
	bool stays_root; /* drops its rights for each delivery instead */
	bool helps;      /* also one that runs alone asks it */
	bool request;    /* a file that says what to do */
	bool each;       /* a process for each of the services */
	int stop;        /* the signal that ends it; 0: SIGTERM */
};

/* role_all(): ended by a NULL name. */
const struct role *process_roles(void);

enum process_state {
	PROCESS_STARTING,
	PROCESS_READY,
	PROCESS_SERVING,
	PROCESS_DRAINING,
};

struct rollout;

struct process {
	struct process *next;
	const struct role *role;
	const char *service; /* the one that it is for; not its own; or NULL */
	struct rollout *rollout;
	enum process_state state;
	pid_t pid;
	struct loop_fd exit;     /* a pidfd */
	struct loop_fd control;  /* our end of its control socket */
	struct loop_timer limit; /* to be ready, or to have drained */
	unsigned generation;
	bool leaving; /* drains, but may still accept clients */
	int64_t started;
	void *owner; /* of one that is not the rollout's */
};

/* The descriptors that every process gets. */
struct process_files {
	int log, json; /* -1: none */
	int config;    /* generation_share() */
	int request;   /* for a role that takes one */
	/* "inet:name": the one service whose listeners it has; NULL: all. */
	const char *service;
	bool doubt; /* see handover.h */
	const struct listeners *listeners;
	/* Unix sockets by name, in the order of process_sockets(). */
	const int *sockets;
};

/* process_wanted(role, master, only): does a gateway with these services have
 * ${role}?  With ${only}, not NULL, no other than that. */
bool process_wanted(
    const struct role *role, const struct master *master, const char *only);

/* process_sockets(): the names of all Unix sockets, ended by NULL. */
const char *const *process_sockets(void);

/* process_listens(name, master, only): a role that is to run, as
 * process_wanted() has it, listens on the Unix socket ${name}. */
bool process_listens(
    const char *name, const struct master *master, const char *only);

/* process_start(role, dir, strict, files, err): start one.  Heap; the
 * descriptors exit.fd and control.fd are open; NULL and why. */
struct process *process_start(const struct role *role, const char *dir,
    bool strict, const struct process_files *files, struct err *err);

/* process_serves(role, master, service): ${role} has the service called
 * ${service} ("inet:name"), which is in ${master}.  process_service(arena, s): what ${s} is
 * called. */
bool process_serves(
    const struct role *role, const struct master *master, const char *service);
const char *
process_service(struct arena *arena, const struct master_service *s);

/* process_find(list, role, service): is there one of ${role}, for ${service},
 * in ${list} that does not drain? */
bool process_find(
    const struct process *list, const struct role *role, const char *service);

/* process_log_end(p, status): warn of one that ended badly; ${status} as
 * waitpid() has it. */
void process_log_end(const struct process *p, int status);

/* process_free(p): close and release, after it has ended. */
void process_free(struct process *p);

/* process_serve(p): the word to serve.  process_logs(p, files): new log
 * files.  process_configure(p, files): a new configuration, for a role that
 * takes it in place. */
void process_serve(struct process *p);
void process_logs(struct process *p, const struct process_files *files);
void process_configure(struct process *p, const struct process_files *files);

#endif

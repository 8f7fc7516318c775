/* servers.h - database servers for tests of tables: t/lib/server.sh. */
#ifndef T_SERVERS_H
#define T_SERVERS_H

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/jail.h"
#include "t/tables.h"

static const char *servers_kind;
static unsigned servers_port;
static bool servers_running;

static inline struct sockaddr_in
servers_address(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* The name that goes with a port (t/lib/Weir.pm): ours until we end. */
static inline bool
servers_reserve(unsigned port)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int n = snprintf(name.sun_path + 1, sizeof name.sun_path - 1,
	    "weir-test-port-%u", port);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&name,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		    (size_t)n)) == 0)
		return true;
	(void)close(fd);
	return false;
}

/* A socket that is bound to a free port, where nobody answers; listening, it
 * takes connections and says nothing. */
static inline int
servers_silent(unsigned *port, bool listening)
{
	int fd;

	for (*port = 10000 + (unsigned)getpid() % 9000;; (*port)++) {
		struct sockaddr_in sin = servers_address(*port);

		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(fd, (struct sockaddr *)&sin, sizeof sin) == 0 &&
		    servers_reserve(*port))
			break;
		(void)close(fd);
	}
	if (listening && listen(fd, 16) != 0)
		exit(1);
	return fd;
}

static inline bool
servers_do(const char *format, ...)
{
	char command[PATH_MAX * 2];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(command, sizeof command, format, ap);
	va_end(ap);
	return system(command) == 0;
}

static inline void
servers_start(void)
{
	servers_running = servers_do("sh t/lib/server.sh start %s %s %u",
	    servers_kind, path_of("server"), servers_port);
	if (!servers_running) {
		printf("Bail out! %s does not start\n", servers_kind);
		(void)servers_do("cat %s/log >&2; "
				 "sh t/lib/server.sh stop %s 2>/dev/null",
		    path_of("server"), path_of("server"));
		(void)tables_end();
		exit(1);
	}
}

static inline void
servers_stop(void)
{
	if (servers_running)
		(void)servers_do(
		    "sh t/lib/server.sh stop %s", path_of("server"));
	servers_running = false;
}

/* Begin with a server of ${kind} that holds what ${init} says. */
static inline void
servers_begin(const char *kind, const char *init)
{
	servers_kind = kind;
	tables_begin();
	(void)chmod(tables_dir, 0755);
	(void)close(servers_silent(&servers_port, false));
	(void)mkdir(path_of("server"), 0755);
	put_file("server/init", init);
	servers_start();
}

/* A signal for the server, which goes on running for the others. */
static inline void
servers_signal(int signal)
{
	FILE *f = fopen(path_of("server/pid"), "r");
	int pid = 0;

	if (f == NULL || fscanf(f, "%d", &pid) != 1 || kill(pid, signal) != 0)
		printf("# no server\n");
	if (f != NULL)
		(void)fclose(f);
}

static inline int
servers_end(void)
{
	servers_stop();
	return tables_end();
}

/* Open a table with the parameters that a printf() format makes. */
static inline struct table *
servers_open(const char *name, const char *format, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	put_file(name, text);
	return open_file(servers_kind, name);
}

static inline int64_t
servers_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Have 8 threads look up ${key} 40 times; how often ${want} was the answer. */
struct servers_crowd {
	struct table *table;
	const char *key, *want;
	_Atomic unsigned right;
};

static inline void *
servers_worker(void *arg)
{
	struct servers_crowd *crowd = arg;
	struct arena *arena = arena_new();
	struct table_value value;

	for (unsigned i = 0; i < 40; i++) {
		if (table_find(crowd->table, arena, crowd->key, &value) ==
			TABLE_FOUND &&
		    strcmp(value.text, crowd->want) == 0)
			crowd->right++;
		arena_reset(arena);
	}
	arena_free(arena);
	return NULL;
}

static inline unsigned
servers_crowd(struct table *table, const char *key, const char *want)
{
	struct servers_crowd crowd = {
		.table = table, .key = key, .want = want
	};
	pthread_t threads[8];

	for (unsigned i = 0; i < 8; i++)
		(void)pthread_create(&threads[i], NULL, servers_worker, &crowd);
	for (unsigned i = 0; i < 8; i++)
		(void)pthread_join(threads[i], NULL);
	return crowd.right;
}

/* Does a process in the proxy's jail, which has opened ${table} before, find
 * ${want}? */
static inline bool
servers_jailed(struct table *table, const char *key, const char *want)
{
	struct jail jail = { .kind = JAIL_NETWORK,
		.uid = 65534,
		.gid = 65534,
		.read = (const char *const[]){ "/", NULL },
		.write = (const char *const[]){ "/dev", NULL } };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(geteuid() != 0 || jail_enter(&jail, NULL) != 0 ? 2
			: strcmp(ask(table, key), want) == 0         ? 0
								     : 1);
	(void)waitpid(pid, &status, 0);
	return status == 0;
}

#endif

/* layout.c - see layout.h. */
#include "weir/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/net.h"
#include "weir/generation.h"
#include "weir/maildrop.h"
#include "weir/process.h"

int
layout_user(const char *name, uid_t *uid, gid_t *gid, struct err *err)
{
	struct passwd pw, *found;
	char space[4096];

	if (geteuid() != 0) {
		*uid = geteuid();
		*gid = getegid();
		return 0;
	}
	if (getpwnam_r(name, &pw, space, sizeof space, &found) != 0 ||
	    found == NULL) {
		err_set(err, "no such user: %s (see mail_owner)", name);
		return -1;
	}
	if (pw.pw_uid == 0) {
		err_set(err, "a role must not run as root: %s", name);
		return -1;
	}
	*uid = pw.pw_uid;
	*gid = pw.pw_gid;
	return 0;
}

/* One directory and, if need be, those above it (as root's own). */
static int
make(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *err)
{
	char above[4096];
	struct stat st;
	int fd, bad;

	if (strlen(path) >= sizeof above) {
		err_set(err, "%s: path too long", path);
		return -1;
	}
	for (const char *p = strchr(path + 1, '/'); p != NULL;
	     p = strchr(p + 1, '/')) {
		memcpy(above, path, (size_t)(p - path));
		above[p - path] = '\0';
		(void)mkdir(above, 0755);
	}
	(void)mkdir(path, mode);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		err_set(err, "%s: %s", path, err_errno(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	bad = 0;
	if (geteuid() == 0 && (st.st_uid != uid || st.st_gid != gid))
		bad = fchown(fd, uid, gid);
	if (bad == 0 && (st.st_mode & 07777) != mode)
		bad = fchmod(fd, mode);
	if (bad != 0)
		err_set(err, "%s: %s", path, err_errno(errno));
	(void)close(fd);
	return bad;
}

int
layout_directories(const struct generation *g, struct err *err)
{
	const char *queue = g->base.queue_directory;
	uid_t proxy, store, patterns;
	gid_t proxy_group, store_group, patterns_group;

	if (layout_user(g->weir.weir_proxy_user, &proxy, &proxy_group, err) !=
		0 ||
	    layout_user(g->weir.weir_queue_user, &store, &store_group, err) !=
		0 ||
	    layout_user(g->weir.weir_patterns_user, &patterns, &patterns_group,
		err) != 0)
		return -1;
	return make(queue, 0755, geteuid(), getegid(), err) != 0 ||
		make(g->run_dir, 0755, geteuid(), getegid(), err) != 0 ||
		/* The deliver role reads beside the queue role. */
		make(g->store_dir, 0770, store, store_group, err) != 0 ||
		/* Sockets of spawn services. */
		make(arena_printf(g->arena, "%s/private", queue), 0700, proxy,
		    proxy_group, err) != 0 ||
		make(arena_printf(g->arena, "%s/public", queue), 0755,
		    geteuid(), getegid(), err) != 0 ||
		/* Anyone may put letters there, and see no other's. */
		make(maildrop_path(g), 01733, geteuid(), getegid(), err) != 0 ||
		make(g->base.data_directory, 0755, proxy, proxy_group, err) !=
		    0 ||
		make(g->state_dir, 0700, proxy, proxy_group, err) != 0 ||
		make(g->patterns_dir, 0755, patterns, patterns_group, err) != 0
	    ? -1
	    : 0;
}

struct listeners_wish
layout_wish(const struct generation *g)
{
	return (struct listeners_wish){ .master = &g->master,
		.interfaces = g->base.inet_interfaces,
		.protocols = g->base.inet_protocols,
		.directory = g->base.queue_directory,
		.copies = layout_loops(g) };
}

int
layout_lock(const struct generation *g, struct err *err)
{
	const char *path = arena_printf(g->arena, "%s/pid", g->run_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0) {
		err_set(err, "%s: %s", path, err_errno(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		err_set(err, "%s: weir is already running", path);
		(void)close(fd);
		return -1;
	}
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		err_set(err, "%s: %s", path, err_errno(errno));
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
open_log(const char *path, int *fd, struct err *err)
{
	int new;

	if (path[0] == '\0') {
		if (*fd >= 0)
			(void)close(*fd);
		*fd = -1;
		return 0;
	}
	if (strcmp(path, "/dev/stdout") == 0)
		new = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		new = open(path,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (new < 0) {
		err_set(err, "%s: %s", path, err_errno(errno));
		return -1;
	}
	if (*fd < 0) {
		*fd = new;
		return 0;
	}
	(void)dup3(new, *fd, O_CLOEXEC);
	(void)close(new);
	return 0;
}

int
layout_logs(const struct generation *g, int *log, int *json, struct err *err)
{
	return open_log(g->base.maillog_file, log, err) != 0 ||
		open_log(g->base.weir_json_log_file, json, err) != 0
	    ? -1
	    : 0;
}

void
layout_events(const struct generation *g, int log, int json)
{
	event_open(&(struct event_target){
	    .name = g->base.syslog_name,
	    .fd = log,
	    .json_fd = json,
	    .stamp = log >= 0,
	});
}

int
layout_socket(const struct generation *g, const char *name, struct err *err)
{
	const char *path = generation_socket(g, name);
	/* Anyone may list the queue; the role looks who asks for more. */
	mode_t mode = strcmp(name, "admin") == 0 ? 0666 : 0600;
	uid_t uid;
	gid_t gid;
	int fd;

	if (layout_user(g->weir.weir_proxy_user, &uid, &gid, err) != 0)
		return -1;
	net_await_unix(path, LAYOUT_FORMER);
	fd = net_listen_unix(path, mode, err);
	if (fd >= 0 && geteuid() == 0 && mode == 0600 &&
	    (lchown(path, uid, gid) != 0 || chmod(path, 0660) != 0)) {
		err_set(err, "%s: %s", path, err_errno(errno));
		(void)close(fd);
		return -1;
	}
	return fd;
}

void
layout_remove(const struct generation *g)
{
	const char *const *names = process_sockets();

	for (size_t i = 0; names[i] != NULL; i++)
		(void)unlink(generation_socket(g, names[i]));
	(void)unlink(generation_socket(g, "control"));
}

size_t
layout_loops(const struct generation *g)
{
	long n = g->weir.weir_processors > 0 ? (long)g->weir.weir_processors
					     : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 64 ? 64 : (size_t)n;
}

/* control.c - see control.h. */
#include "weir/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/acceptor.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/net.h"

enum { MOST_COMMAND = 32 };

/* One admin who asks. */
struct client {
	struct loop_fd watch;
	LIST_ENTRY(client) entry;
	struct control *control;
	char command[MOST_COMMAND];
	size_t len;
	bool asked; /* a reload is on its way; the answer frees us */
	bool gone;
};

struct control {
	struct loop *loop;
	struct acceptor listener;
	const struct control_ops *ops;
	void *arg;
	LIST_HEAD(, client) clients;
};

static void
drop(struct client *c)
{
	if (!c->gone) {
		loop_forget(c->control->loop, &c->watch);
		(void)close(c->watch.fd);
		c->gone = true;
	}
	if (!c->asked) {
		LIST_REMOVE(c, entry);
		free(c);
	}
}

/* The answer is short; an admin who does not read it loses it. */
static void
answer(struct client *c, const char *text, bool good)
{
	struct buf out = { 0 };

	if (!c->gone) {
		buf_puts(&out, text);
		if (out.len > 0 && out.data[out.len - 1] != '\n')
			buf_putc(&out, '\n');
		buf_puts(&out, good ? "ok\n" : "failed\n");
		(void)send(c->watch.fd, out.data, out.len, MSG_NOSIGNAL);
		buf_free(&out);
	}
	drop(c);
}

static void
reloaded(void *arg, bool good, const char *text)
{
	struct client *c = arg;

	c->asked = false;
	answer(c, text, good);
}

static void
obey(struct client *c)
{
	const struct control_ops *ops = c->control->ops;
	void *arg = c->control->arg;
	struct buf out = { 0 };
	struct err err = { 0 };

	if (strcmp(c->command, "status") == 0) {
		ops->status(arg, &out);
		answer(c, buf_str(&out), true);
	} else if (strcmp(c->command, "stop") == 0) {
		ops->stop(arg);
		answer(c, "", true);
	} else if (strcmp(c->command, "reload") != 0) {
		answer(c, "no such command", false);
	} else {
		c->asked = true;
		if (!ops->reload(arg, reloaded, c, &err)) {
			c->asked = false;
			answer(c, err.text, false);
		}
	}
	buf_free(&out);
}

static void
readable(struct loop_fd *watch, unsigned what)
{
	struct client *c = (struct client *)(void *)watch;
	ssize_t n;
	char *end;

	(void)what;
	while (c->len < sizeof c->command - 1) {
		n = read(watch->fd, c->command + c->len,
		    sizeof c->command - 1 - c->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			drop(c);
			return;
		}
		c->len += (size_t)n;
		c->command[c->len] = '\0';
		end = strchr(c->command, '\n');
		if (end != NULL && !c->asked) {
			*end = '\0';
			obey(c);
			return;
		}
	}
	drop(c);
}

static void
client_came(struct acceptor *listener, int fd, const struct sockaddr *from)
{
	struct control *control = (struct control *)(void *)((char *)listener -
	    offsetof(struct control, listener));
	struct client *c = calloc(1, sizeof *c);

	(void)from;
	if (c == NULL)
		fatal("out of memory");
	c->watch = (struct loop_fd){ .fd = fd, .ready = readable };
	c->control = control;
	LIST_INSERT_HEAD(&control->clients, c, entry);
	loop_watch(control->loop, &c->watch);
}

struct control *
control_open(struct loop *loop, const char *path, const struct control_ops *ops,
    void *arg, struct err *err)
{
	struct control *control;
	int fd = net_listen_unix(path, 0600, err);

	if (fd < 0)
		return NULL;
	control = calloc(1, sizeof *control);
	if (control == NULL)
		fatal("out of memory");
	*control = (struct control){ .loop = loop,
		.listener = { .came = client_came },
		.ops = ops,
		.arg = arg };
	acceptor_open(&control->listener, loop, fd);
	return control;
}

void
control_close(struct control *control)
{
	struct client *c, *next;

	if (control == NULL)
		return;
	for (c = LIST_FIRST(&control->clients); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		c->asked = false;
		drop(c);
	}
	acceptor_close(&control->listener);
	(void)close(control->listener.watch.fd);
	free(control);
}

static int
connect_to(const char *path, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof sun.sun_path) {
		err_set(err, "%s: path too long", path);
	} else {
		memcpy(sun.sun_path, path, strlen(path) + 1);
		if (connect(fd, (struct sockaddr *)&sun, sizeof sun) == 0)
			return fd;
		err_set(err, "%s: %s", path,
		    errno == ENOENT || errno == ECONNREFUSED
			? "weir is not running"
			: err_errno(errno));
	}
	(void)close(fd);
	return -1;
}

int
control_ask(
    const char *path, const char *command, struct buf *out, struct err *err)
{
	int fd = connect_to(path, err), good;
	size_t start = out->len;
	ssize_t n;

	if (fd < 0)
		return -1;
	if (dprintf(fd, "%s\n", command) < 0) {
		err_set(err, "%s: %s", path, err_errno(errno));
		(void)close(fd);
		return -1;
	}
	while ((n = read(fd, buf_reserve(out, 4096), 4096)) > 0 ||
	    (n < 0 && errno == EINTR))
		buf_added(out, n > 0 ? (size_t)n : 0);
	(void)close(fd);
	good = out->len >= start + 3 &&
	    strcmp(out->data + out->len - 3, "ok\n") == 0;
	if (good)
		buf_cut(out, out->len - 3);
	else if (out->len >= start + 7 &&
	    strcmp(out->data + out->len - 7, "failed\n") == 0)
		buf_cut(out, out->len - 7);
	return good ? 0 : 1;
}

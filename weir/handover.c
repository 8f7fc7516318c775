/* handover.c - see handover.h. */
#include "weir/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fatal.h"

static int
add_fd(struct handover *h, char *text)
{
	char *eq = strrchr(text, '='), *end;
	long fd;

	if (eq == NULL || h->nfds == HANDOVER_MOST)
		return -1;
	fd = strtol(eq + 1, &end, 10);
	if (end == eq + 1 || *end != '\0' || fd < HANDOVER_FIRST)
		return -1;
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	*eq = '\0';
	h->fds[h->nfds++] = (struct handover_fd){ text, (int)fd };
	return 0;
}

int
handover_parse(int argc, char **argv, struct handover *h)
{
	int type;
	socklen_t n = sizeof type;

	*h = (struct handover){ 0 };
	if (getsockopt(HANDOVER_CONTROL, SOL_SOCKET, SO_TYPE, &type, &n) != 0 ||
	    type != SOCK_SEQPACKET)
		return -1;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-s") == 0)
			h->strict = true;
		else if (strcmp(argv[i], "-d") == 0)
			h->doubt = true;
		else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			h->dir = argv[++i];
		else if (strcmp(argv[i], "-f") != 0 || i + 1 >= argc ||
		    add_fd(h, argv[++i]) != 0)
			return -1;
	}
	for (int fd = HANDOVER_CONTROL; fd < HANDOVER_FIRST; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return h->dir != NULL ? 0 : -1;
}

int
handover_find(const struct handover *h, const char *name, size_t *after)
{
	for (size_t i = *after; i < h->nfds; i++)
		if (strcmp(h->fds[i].name, name) == 0) {
			*after = i + 1;
			return h->fds[i].fd;
		}
	return -1;
}

static void
tell(char kind, const char *text)
{
	char message[HANDOVER_TEXT];
	int n = snprintf(message, sizeof message, "%c%s", kind, text);
	ssize_t sent;

	if (n < 0)
		return;
	if ((size_t)n >= sizeof message)
		n = (int)sizeof message - 1;
	do
		sent = send(HANDOVER_CONTROL, message, (size_t)n, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	/* Who waits for this would wait for long; another one may be heard. */
	if (sent < 0 && errno != EPIPE)
		fatal("cannot speak to the supervisor: %s", err_errno(errno));
}

void
handover_refuse(const struct err *err)
{
	tell('E', err->text);
}

void
handover_retired(void)
{
	tell('D', "");
}

void
handover_patterns(int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char kind = 'P';
	struct iovec iov = { &kind, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };

	control.align = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)),
	};
	memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	(void)sendmsg(HANDOVER_CONTROL, &msg, MSG_NOSIGNAL);
	(void)close(fd);
}

/* One message.  What it brings takes the number of the old one, so that no
 * other thread need know.  Only calls that a signal handler may make. */
static bool
take_one(void)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	char kind[1];
	struct iovec iov = { kind, sizeof kind };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	struct cmsghdr *c;
	int fds[2], to;

	if (recvmsg(HANDOVER_CONTROL, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <=
	    0)
		return false;
	c = CMSG_FIRSTHDR(&msg);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS)
		return true;
	to = kind[0] == 'C'  ? HANDOVER_CONFIG
	    : kind[0] == 'J' ? HANDOVER_JSON
			     : HANDOVER_LOG;
	memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
		(void)dup3(fds[i], to + (int)i, O_CLOEXEC);
		(void)close(fds[i]);
	}
	return true;
}

void
handover_take(void)
{
	int saved = errno;

	while (take_one())
		;
	errno = saved;
}

static void
take_logs(int number)
{
	(void)number;
	handover_take();
}

void
handover_ready(const char *warnings)
{
	struct sigaction sa = { .sa_handler = take_logs,
		.sa_flags = SA_RESTART };
	char word;
	ssize_t n;

	tell('R', warnings);
	do
		n = recv(HANDOVER_CONTROL, &word, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n != 1 || word != 'S')
		_exit(0);
	(void)sigaction(SIGUSR1, &sa, NULL);
}

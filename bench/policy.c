/* policy.c - a policy server that has no opinion, as cheaply as it can: usage:
 * policy port. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
	int fd;
	char last; /* the last octet of what was read before */
};

/* Answer every request, which an empty line ends; 0: the client has gone. */
static int
answer(struct peer *p)
{
	static const char action[] = "action=DUNNO\n\n";
	char in[65536];
	ssize_t n = read(p->fd, in, sizeof in);

	for (ssize_t i = 0; i < n; i++) {
		if (in[i] == '\n' && p->last == '\n' &&
		    write(p->fd, action, sizeof action - 1) < 0)
			return 0;
		p->last = in[i];
	}
	return n > 0;
}

static void
welcome(int loop, int listener)
{
	struct peer *p = calloc(1, sizeof *p);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = p };
	int one = 1;

	if (p == NULL)
		exit(1);
	p->fd = accept(listener, NULL, NULL);
	(void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (p->fd < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, p->fd, &e) != 0)
		free(p);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)atoi(argv[argc - 1])),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN }, events[64];
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	int loop = epoll_create1(0);

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(listener, 1024) != 0 ||
	    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &e) != 0) {
		perror("policy");
		return 1;
	}
	for (;;) {
		int n = epoll_wait(loop, events, 64, -1);

		for (int i = 0; i < n; i++) {
			struct peer *p = events[i].data.ptr;

			if (p == NULL) {
				welcome(loop, listener);
			} else if (!answer(p)) {
				(void)close(p->fd);
				free(p);
			}
		}
	}
}

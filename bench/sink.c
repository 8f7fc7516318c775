/* sink.c - an SMTP server that only answers, as cheaply as it can, and counts
 * in a shared file the messages and, behind them, their recipients: usage:
 * sink port countfile [port ...]. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct session {
	int fd;
	bool data;
	unsigned recipients;
	char in[65536];
	size_t len;
	char out[4096];
	size_t n;
};

static struct {
	_Atomic uint64_t messages, recipients;
} * count;

static void
say(struct session *s, const char *text)
{
	size_t n = strlen(text);

	if (s->n + n <= sizeof s->out) {
		memcpy(s->out + s->n, text, n);
		s->n += n;
	}
}

/* Answer one command. */
static void
command(struct session *s, const char *line)
{
	if (strncasecmp(line, "EHLO", 4) == 0) {
		say(s, "250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
	} else if (strncasecmp(line, "DATA", 4) == 0) {
		say(s, "354 go on\r\n");
		s->data = true;
	} else if (strncasecmp(line, "QUIT", 4) == 0) {
		say(s, "221 2.0.0 Bye\r\n");
	} else {
		if (strncasecmp(line, "MAIL", 4) == 0)
			s->recipients = 0;
		else if (strncasecmp(line, "RCPT", 4) == 0)
			s->recipients++;
		say(s, "250 2.0.0 Ok\r\n");
	}
}

/* Take whole lines, or the end of the content; true: something was left. */
static void
take(struct session *s)
{
	char *p = s->in, *end = s->in + s->len, *nl, *dot;

	while (p < end) {
		if (s->data) {
			dot = p == s->in && end - p >= 3 &&
				memcmp(p, ".\r\n", 3) == 0
			    ? p
			    : memmem(p, (size_t)(end - p), "\r\n.\r\n", 5);
			if (dot == NULL) {
				/* Keep what may be the start of the end. */
				if (end - p > 4)
					p = end - 4;
				break;
			}
			p = dot + (dot[0] == '.' ? 3 : 5);
			s->data = false;
			say(s, "250 2.0.0 Ok: sunk\r\n");
			count->recipients += s->recipients;
			count->messages++;
			continue;
		}
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			break;
		*nl = '\0';
		command(s, p);
		p = nl + 1;
	}
	s->len = (size_t)(end - p);
	memmove(s->in, p, s->len);
}

static void
serve(struct session *s)
{
	ssize_t n;

	while ((n = read(s->fd, s->in + s->len, sizeof s->in - s->len)) > 0) {
		s->len += (size_t)n;
		take(s);
		if (s->n > 0 && write(s->fd, s->out, s->n) < 0)
			break;
		s->n = 0;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	(void)close(s->fd);
	free(s);
}

static void
welcome(int epoll, int listener)
{
	struct session *s;
	int fd, one = 1;

	while ((fd = accept4(
		    listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		s = malloc(sizeof *s);
		if (s == NULL)
			exit(1);
		s->fd = fd;
		s->data = false;
		s->recipients = 0;
		s->len = s->n = 0;
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd,
		    &(struct epoll_event){
			.events = EPOLLIN | EPOLLET, .data.ptr = s });
		if (write(fd, "220 sink ESMTP\r\n", 16) < 0)
			continue;
	}
}

static int
listen_on(const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&sin, sizeof sin) != 0 ||
	    listen(fd, 4096) != 0) {
		perror(port);
		exit(1);
	}
	return fd;
}

/* An event's value: a session, or, below it, a listener's descriptor. */
enum { LISTENERS = 4096 };

int
main(int argc, char **argv)
{
	struct epoll_event events[256];
	int fd, epoll = epoll_create1(0);

	if (argc < 3)
		return 64;
	fd = open(argv[2], O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, sizeof *count) != 0)
		return 1;
	count = mmap(
	    NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int i = 1; i < argc; i++) {
		if (i == 2)
			continue;
		fd = listen_on(argv[i]);
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd,
		    &(struct epoll_event){
			.events = EPOLLIN, .data.u64 = (uint64_t)fd });
	}
	for (;;) {
		int n = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < n; i++)
			if (events[i].data.u64 < LISTENERS)
				welcome(epoll, (int)events[i].data.u64);
			else
				serve(events[i].data.ptr);
	}
}

/*
 * rcpts.c - an SMTP client that only asks whether recipients are welcome:
 *
 *	rcpts port sessions clients mails recipients first pipelined
 *
 * ${clients} clients, numbered from ${first}, of which ${sessions} are
 * connected at a time.  Each tells by XCLIENT what its address is (one of ten
 * has not been there before) and begins ${mails} mails with ${recipients}
 * recipients each, which RSET ends.  If not ${pipelined}, each command waits
 * for the reply to the one before.
 *
 * Prints how many recipients were accepted and refused, and the seconds that
 * it took.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	MOST_SESSIONS = 1024,
	USERS = 200000,
	SENDERS = 200000,
	KNOWN = 1000,  /* clients that come again and again: nine of ten */
	NEW = 1 << 22, /* the first of as many that come once */
};

enum step { BANNER, EHLO, XCLIENT, HELLO, MAIL, RCPT, RSET, QUIT };

struct session {
	int fd;
	unsigned client; /* its number */
	unsigned mails;
	enum step step; /* the command whose reply is awaited */
	unsigned rcpts; /* of this mail, answered */
	char in[8192], out[65536];
	size_t nin, nout;
};

static struct {
	unsigned port, sessions, clients, mails, recipients, first;
	bool pipelined;
} want;

static struct session sessions[MOST_SESSIONS];
static unsigned begun, ended;
static unsigned long accepted, refused;
static int loop;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

/* The same for each server: what is asked does not depend on who is first. */
static unsigned
chosen(const struct session *s, unsigned which, unsigned most)
{
	unsigned long x = s->client * 2654435761UL + s->mails * 40503UL + which;

	x ^= x >> 13;
	x *= 0x9e3779b97f4a7c15UL;
	return (unsigned)(x >> 32U) % most;
}

static void
put(struct session *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	s->nout += (size_t)vsnprintf(
	    s->out + s->nout, sizeof s->out - s->nout, format, args);
	va_end(args);
	if (s->nout >= sizeof s->out)
		exit(1);
}

static void
flush(struct session *s)
{
	if (s->nout > 0 && write(s->fd, s->out, s->nout) != (ssize_t)s->nout)
		fail("write");
	s->nout = 0;
}

static void
put_rcpt(struct session *s, unsigned i)
{
	put(s, "RCPT TO:<user%u@example.org>\r\n", chosen(s, i + 1, USERS));
}

static void
put_mail(struct session *s)
{
	s->step = MAIL;
	s->rcpts = 0;
	put(s, "MAIL FROM:<sender%u@example.com>\r\n", chosen(s, 0, SENDERS));
	if (!want.pipelined)
		return;
	for (unsigned i = 0; i < want.recipients; i++)
		put_rcpt(s, i);
	put(s, "RSET\r\n");
}

static void
connect_to_server(struct session *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)want.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
	int one = 1;

	memset(s, 0, offsetof(struct session, in));
	s->nin = s->nout = 0;
	s->client = want.first + begun++;
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(s->fd, (struct sockaddr *)&to, sizeof to) != 0)
		fail("connect");
	if (epoll_ctl(loop, EPOLL_CTL_ADD, s->fd, &e) != 0)
		fail("epoll_ctl");
}

static void
put_xclient(struct session *s)
{
	unsigned n = chosen(s, 1000000, 10 * KNOWN);

	n = n < 9 * KNOWN ? n % KNOWN : NEW + s->client * 2654435761U % NEW;
	put(s, "XCLIENT NAME=client%u.example.net ADDR=10.%u.%u.%u\r\n", n,
	    n >> 16U & 255, n >> 8U & 255, n & 255);
}

/* After the last recipient, or the reply that ends the mail. */
static void
next_mail(struct session *s)
{
	if (++s->mails < want.mails) {
		put_mail(s);
		return;
	}
	s->step = QUIT;
	put(s, "QUIT\r\n");
}

static void
rcpt_answered(struct session *s, const char *reply)
{
	if (reply[0] == '2')
		accepted++;
	else
		refused++;
	if (++s->rcpts < want.recipients) {
		if (!want.pipelined)
			put_rcpt(s, s->rcpts);
		return;
	}
	s->step = RSET;
	if (!want.pipelined)
		put(s, "RSET\r\n");
}

static void
must_be(const char *reply, char first)
{
	if (reply[0] == first)
		return;
	(void)fprintf(stderr, "rcpts: %.200s\n", reply);
	exit(1);
}

/* The last line of a reply; false: the session is over. */
static bool
take(struct session *s, const char *reply)
{
	if (s->step != RCPT)
		must_be(reply, '2');
	switch (s->step) {
	case BANNER:
		s->step = EHLO;
		put(s, "EHLO client.example.net\r\n");
		break;
	case EHLO:
		s->step = XCLIENT;
		put_xclient(s);
		break;
	case XCLIENT:
		s->step = HELLO;
		put(s, "EHLO client%u.example.net\r\n", s->client);
		break;
	case HELLO:
		put_mail(s);
		break;
	case MAIL:
		s->step = RCPT;
		if (!want.pipelined)
			put_rcpt(s, 0);
		break;
	case RCPT:
		rcpt_answered(s, reply);
		break;
	case RSET:
		next_mail(s);
		break;
	case QUIT:
		return false;
	}
	return true;
}

static void
end(struct session *s)
{
	(void)close(s->fd);
	ended++;
	if (begun < want.clients)
		connect_to_server(s);
}

static void
readable(struct session *s)
{
	ssize_t n = read(s->fd, s->in + s->nin, sizeof s->in - 1 - s->nin);
	char *line = s->in, *lf;

	if (n <= 0)
		fail("read");
	s->nin += (size_t)n;
	s->in[s->nin] = '\0';
	while ((lf = strchr(line, '\n')) != NULL) {
		*lf = '\0';
		if (lf - line > 3 && line[3] == ' ' && !take(s, line)) {
			end(s);
			return;
		}
		line = lf + 1;
	}
	s->nin -= (size_t)(line - s->in);
	memmove(s->in, line, s->nin);
	flush(s);
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	unsigned *numbers[] = { &want.port, &want.sessions, &want.clients,
		&want.mails, &want.recipients, &want.first };
	struct epoll_event events[64];
	double start;

	if (argc != 8)
		return 64;
	for (unsigned i = 0; i < 6; i++)
		*numbers[i] = (unsigned)atoi(argv[i + 1]);
	want.pipelined = atoi(argv[7]) != 0;
	loop = epoll_create1(0);
	start = now();
	for (unsigned i = 0;
	     i < want.sessions && i < MOST_SESSIONS && begun < want.clients;
	     i++)
		connect_to_server(&sessions[i]);
	while (ended < want.clients) {
		int n = epoll_wait(loop, events, 64, -1);

		for (int i = 0; i < n; i++)
			readable(events[i].data.ptr);
	}
	printf("%lu %lu %f\n", accepted, refused, now() - start);
	return 0;
}

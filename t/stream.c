/* Conversations with deadlines, over peers that misbehave. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/net.h"
#include "base/stream.h"
#include "t/tap.h"

enum { BIG = 3 * 1024 * 1024 };

static int64_t
soon(int ms)
{
	return clock_mono() + ms * CLOCK_MS;
}

static struct stream *
pair(int *peer)
{
	int s[2];
	struct stream *stream;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		abort();
	*peer = s[1];
	stream = stream_new(s[0]);
	stream_deadline(stream, soon(60000));
	return stream;
}

static void
tell(int peer, const char *text, size_t n)
{
	if (write(peer, text, n) != (ssize_t)n)
		abort();
}

static void
test_lines(void)
{
	int peer;
	struct stream *s = pair(&peer);
	char *line, all[4];
	size_t len;

	tell(peer, "one\r\ntwo\n\r\n\0x\r\r\nabcdefg", 24);
	ok(stream_line(s, 10, &line, &len) == STREAM_OK, "a line");
	is(line, "one", "without its CRLF");
	ok(stream_pending(s) == 19, "the rest is pending");
	ok(stream_line(s, 10, &line, &len) == STREAM_OK, "a line");
	is(line, "two", "or its LF");
	ok(stream_line(s, 0, &line, &len) == STREAM_OK && len == 0,
	    "an empty line");
	ok(stream_line(s, 10, &line, &len) == STREAM_OK && len == 3 &&
		memcmp(line, "\0x\r", 4) == 0,
	    "a NUL, a CR inside");
	ok(stream_read(s, all, 4) == STREAM_OK && memcmp(all, "abcd", 4) == 0,
	    "octets");
	(void)close(peer);
	ok(stream_line(s, 10, &line, &len) == STREAM_EOF,
	    "half a line and the end: %s", stream_reason(s));
	stream_close(s);
}

/* hostile 116: a reply without an end is bounded. */
static void
test_too_long(void)
{
	int peer;
	struct stream *s = pair(&peer);
	char *line, text[2000];
	size_t len;

	memset(text, 'x', sizeof text);
	memcpy(text + 10, "\r\n", 2);
	tell(peer, text, 12);
	ok(stream_line(s, 10, &line, &len) == STREAM_OK && len == 10,
	    "as long as may be");
	text[10] = 'x';
	text[11] = '\r';
	tell(peer, text, 12);
	ok(stream_line(s, 10, &line, &len) == STREAM_TOO_LONG, "one too many");
	stream_close(s);
	(void)close(peer);

	s = pair(&peer);
	tell(peer, text, sizeof text);
	ok(stream_line(s, 100, &line, &len) == STREAM_TOO_LONG, "no end");
	stream_close(s);
	(void)close(peer);
}

static void
test_deadline(void)
{
	int peer;
	struct stream *s = pair(&peer);
	int64_t start = clock_mono();
	char *line, c;
	size_t len;

	stream_deadline(s, soon(20));
	tell(peer, "half", 4);
	ok(stream_line(s, 10, &line, &len) == STREAM_TIMEOUT,
	    "nothing comes: %s", stream_reason(s));
	ok(clock_mono() - start >= 20 * CLOCK_MS &&
		clock_mono() - start < 60000 * CLOCK_MS,
	    "in time");
	stream_deadline(s, soon(60000));
	tell(peer, "\n", 1);
	ok(stream_line(s, 10, &line, &len) == STREAM_OK && len == 4,
	    "nothing was lost");
	stream_deadline(s, soon(20));
	for (int i = 0; i < BIG / 1024; i++)
		stream_printf(s, "%1023d\n", i);
	ok(stream_flush(s) == STREAM_TIMEOUT, "the peer does not read");
	ok(stream_read(s, &c, 1) == STREAM_TIMEOUT, "which stays known");
	stream_close(s);
	(void)close(peer);
}

static atomic_int interrupts;

static void
on_alarm(int number)
{
	(void)number;
	(void)atomic_fetch_add(&interrupts, 1);
}

static void *
echo(void *arg)
{
	int fd = *(int *)arg;
	char data[700];
	ssize_t n;

	while (
	    (n = read(fd, data, sizeof data)) > 0 || (n < 0 && errno == EINTR))
		for (ssize_t done = 0, put; done < n; done += put) {
			put = write(fd, data + done, (size_t)(n - done));
			if (put < 0 && errno != EINTR)
				return NULL;
			put = put < 0 ? 0 : put;
		}
	return NULL;
}

/* hostile 104: short reads and writes, and signals in between. */
static void
test_short(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 700 }, { 0, 700 } }, never = { 0 };
	int peer, small = 1, wrong = 0;
	struct stream *s = pair(&peer);
	char line[128], *back;
	pthread_t thread;
	size_t len;

	(void)setsockopt(
	    stream_fd(s), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	(void)setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	(void)sigaction(SIGALRM, &sa, NULL);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	(void)pthread_create(&thread, NULL, echo, &peer);
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 20; i++)
			stream_printf(s, "%0100d\r\n", round * 20 + i);
		for (int i = 0; i < 20; i++) {
			(void)snprintf(
			    line, sizeof line, "%0100d", round * 20 + i);
			wrong +=
			    stream_line(s, 200, &back, &len) != STREAM_OK ||
			    strcmp(line, back) != 0;
		}
	}
	(void)setitimer(ITIMER_REAL, &never, NULL);
	ok(wrong == 0, "all comes back through small buffers");
	ok(atomic_load(&interrupts) > 0, "in spite of %d signals",
	    atomic_load(&interrupts));
	stream_close(s);
	(void)pthread_join(thread, NULL);
	(void)close(peer);
}

/* SIGPIPE has its default action here: it would end the test. */
static void
test_gone(void)
{
	int peer;
	struct stream *s = pair(&peer);
	enum stream_status status = STREAM_OK;

	ok(stream_alive(s), "alive");
	tell(peer, "x", 1);
	ok(!stream_alive(s), "a peer that speaks unasked is no good");
	(void)close(peer);
	ok(!stream_alive(s), "nor one that has gone");
	for (int i = 0; i < 10 && status == STREAM_OK; i++) {
		stream_printf(s, "%s\n", "text");
		status = stream_flush(s);
	}
	ok(status == STREAM_ERROR, "the peer is gone: %s", stream_reason(s));
	is(stream_reason(s), "Broken pipe", "in words");
	stream_close(s);
}

static void
test_connect(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct net_addr addr, from;
	struct stream *s;
	struct err err;
	unsigned port;
	int fd = net_listen("127.0.0.1", "0", 0, false, NULL), peer;

	(void)getsockname(fd, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &port);
	(void)net_parse("127.0.0.9", &from);
	s = stream_connect(&addr, port, &from, soon(60000), &err);
	ok(s != NULL, "connect");
	peer = accept(fd, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &port);
	ok(net_equal(&addr, &from), "from the address that was asked for");
	stream_close(s);
	(void)close(peer);
	(void)net_parse("127.0.0.1", &addr);
	(void)getsockname(fd, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &port);
	(void)close(fd);
	ok(stream_connect(&addr, port, NULL, soon(60000), &err) == NULL,
	    "nobody there");
	is(err.text, "Connection refused", "in words");
	ok(stream_connect_unix("/no/such/socket", soon(10), &err) == NULL,
	    "no socket");
	is(err.text, "No such file or directory", "in words");
}

/* A backlog that is full answers when somebody accepts, or not at all. */
static void
test_full_backlog(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct net_addr addr;
	struct stream *held[8] = { NULL };
	struct err err = { "" };
	unsigned port;
	int fd = net_listen("127.0.0.1", "0", 0, false, NULL), n = 0;

	(void)getsockname(fd, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &port);
	while (n < 8 &&
	    (held[n] = stream_connect(&addr, port, NULL, soon(30), &err)) !=
		NULL)
		n++;
	ok(n < 8, "%d connections wait, the next one times out", n);
	is(err.text, "Connection timed out", "in words");
	for (int i = 0; i < n; i++)
		stream_close(held[i]);
	(void)close(fd);
}

/* A test's clock ends a wait that has begun. */
static void *
jump(void *arg)
{
	(void)usleep(20 * 1000);
	__atomic_store_n((int64_t *)arg, 3600 * CLOCK_SECOND, __ATOMIC_RELAXED);
	return NULL;
}

static void
test_clock(void)
{
	char path[] = "/tmp/weir-stream-XXXXXX", c;
	int fd = mkstemp(path), peer;
	int64_t *offset;
	pthread_t thread;
	struct stream *s = pair(&peer);

	if (fd < 0 || ftruncate(fd, sizeof *offset) != 0)
		abort();
	offset = mmap(
	    NULL, sizeof *offset, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)setenv("WEIR_CLOCK", path, 1);
	clock_open();
	(void)close(fd);
	(void)unlink(path);
	if (clock_shared()) {
		stream_deadline(s, soon(3000 * 1000));
		(void)pthread_create(&thread, NULL, jump, offset);
		ok(stream_read(s, &c, 1) == STREAM_TIMEOUT,
		    "an hour has passed");
		(void)pthread_join(thread, NULL);
	}
	stream_close(s);
	(void)close(peer);
}

int
main(void)
{
	test_lines();
	test_too_long();
	test_deadline();
	test_short();
	test_gone();
	test_connect();
	test_full_backlog();
	test_clock();
	return done_testing();
}

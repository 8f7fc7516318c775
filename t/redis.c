/* Redis's protocol, and peers that do not keep to it. */
#include "base/redis.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/stream.h"
#include "t/tap.h"

static struct stream *
pair(int *peer)
{
	int s[2];
	struct stream *stream;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		abort();
	*peer = s[1];
	stream = stream_new(s[0]);
	stream_deadline(stream, clock_mono() + 20 * CLOCK_SECOND);
	return stream;
}

/* What "GET k" is answered, if the server says ${said} and hangs up. */
static const char *
answer(const char *said)
{
	static const char *const get[] = { "GET", "k", NULL };
	static const char *const kinds[] = { [REDIS_TEXT] = "text",
		[REDIS_NIL] = "nil",
		[REDIS_REFUSED] = "refused",
		[REDIS_NUMBER] = "number",
		[REDIS_TOO_LONG] = "too long" };
	static char text[2048];
	struct arena *arena = arena_new();
	struct redis_reply reply;
	struct err err = { "" };
	int peer;
	struct stream *s = pair(&peer);

	if (write(peer, said, strlen(said)) != (ssize_t)strlen(said) ||
	    shutdown(peer, SHUT_WR) != 0)
		abort();
	if (redis_ask(s, get, 10, arena, &reply, &err) != 0)
		(void)snprintf(text, sizeof text, "!%s", err.text);
	else
		(void)snprintf(text, sizeof text, "%s %zu %s%s",
		    kinds[reply.kind], reply.len,
		    reply.text != NULL ? reply.text : "",
		    stream_pending(s) > 0 ? " and more" : "");
	stream_close(s);
	(void)close(peer);
	arena_free(arena);
	return text;
}

static void
test_replies(void)
{
	is(answer("$3\r\nabc\r\n"), "text 3 abc", "a string");
	is(answer("$0\r\n\r\n"), "text 0 ", "an empty one");
	is(answer("$4\r\n\r\n\r\n\r\n"), "text 4 \r\n\r\n", "of line ends");
	is(answer("$-1\r\n"), "nil 0 ", "none");
	is(answer("+OK\r\n"), "text 2 OK", "a status");
	is(answer("-ERR no\r\n"), "refused 6 ERR no", "an error");
	is(answer(":12\r\n"), "number 2 12", "an integer");
	is(answer("$11\r\n12345678901\r\n"), "too long 11 ", "too long");
	is(answer("$10\r\n1234567890\r\n+"), "text 10 1234567890 and more",
	    "as long as may be");
}

static void
test_nonsense(void)
{
	is(answer(""), "!lost connection", "nothing");
	is(answer("$3\r\nab"), "!lost connection", "half a string");
	is(answer("$11\r\n123"), "!lost connection", "half of one too long");
	is(answer("$3\r\nabcde"), "!unexpected reply: a string without end",
	    "a string that goes on");
	is(answer("$-2\r\n"), "!unexpected reply: -2", "a length below zero");
	is(answer("$\r\n"), "!unexpected reply: ", "no length");
	is(answer("$3x\r\nabc\r\n"), "!unexpected reply: 3x", "no number");
	is(answer("$99999999999\r\n"), "!unexpected reply: 99999999999",
	    "a length that nothing has");
	is(answer("*1\r\n$1\r\na\r\n"), "!unexpected reply: *1", "an array");
	is(answer("HTTP/1.1 400 Bad Request\r\n"),
	    "!unexpected reply: HTTP/1.1 400 Bad Request", "another protocol");
}

/* What is sent says how long it is. */
static void
test_request(void)
{
	static const char *const words[] = { "GET", "", "a\r\nb", NULL };
	static const char want[] =
	    "*3\r\n$3\r\nGET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n";
	struct arena *arena = arena_new();
	struct redis_reply reply;
	struct err err = { "" };
	char sent[128] = "";
	int peer;
	struct stream *s = pair(&peer);

	if (write(peer, "+\r\n", 3) != 3)
		abort();
	ok(redis_ask(s, words, 0, arena, &reply, &err) == 0, "asked");
	ok(read(peer, sent, sizeof sent - 1) == (ssize_t)strlen(want), "sent");
	is(sent, want, "with every word's length");
	stream_close(s);
	(void)close(peer);
	arena_free(arena);
}

static void *
dribble(void *arg)
{
	const int *peer = arg;

	while (send(*peer, "1", 1, MSG_NOSIGNAL) == 1)
		(void)usleep(1000);
	return NULL;
}

/* Hostile: an octet now and then is no sign of life. */
static void
test_deadline(void)
{
	static const char *const words[] = { "GET", "k", NULL };
	struct arena *arena = arena_new();
	struct redis_reply reply;
	struct err err = { "" };
	pthread_t thread;
	int peer;
	struct stream *s = pair(&peer);

	if (write(peer, "$1000000\r\n", 10) != 10)
		abort();
	(void)pthread_create(&thread, NULL, dribble, &peer);
	stream_deadline(s, clock_mono() + 100 * CLOCK_MS);
	ok(redis_ask(s, words, 2000000, arena, &reply, &err) != 0,
	    "a server that never comes to an end");
	is(err.text, "Connection timed out", "has only so much time");
	stream_close(s);
	(void)pthread_join(thread, NULL);
	(void)close(peer);
	arena_free(arena);
}

int
main(void)
{
	test_replies();
	test_nonsense();
	test_request();
	test_deadline();
	return done_testing();
}

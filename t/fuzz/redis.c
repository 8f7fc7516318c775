/* A Redis server may say anything: what is taken for a reply keeps to what was
 * asked for, and whatever is not has a reason. */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/redis.h"
#include "base/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 100, MOST_INPUT = 32768 };

static void
check(const struct redis_reply *reply, const uint8_t *data, size_t size)
{
	must(size > 0);
	switch (reply->kind) {
	case REDIS_TEXT:
		must(reply->text[reply->len] == '\0');
		must(data[0] == '+' || (data[0] == '$' && reply->len <= MOST));
		break;
	case REDIS_REFUSED:
	case REDIS_NUMBER:
		must(data[0] == (reply->kind == REDIS_REFUSED ? '-' : ':'));
		must(strlen(reply->text) == reply->len);
		break;
	case REDIS_NIL:
		must(size >= 4 && memcmp(data, "$-1", 3) == 0);
		break;
	case REDIS_TOO_LONG:
		must(reply->len > MOST && reply->len + 4 < size);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "GET", "k", NULL };
	struct arena *arena = arena_new();
	struct redis_reply reply;
	struct err err = { "" };
	struct stream *s;
	int fd[2];

	size = size < MOST_INPUT ? size : MOST_INPUT;
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	must(write(fd[1], data, size) == (ssize_t)size);
	must(shutdown(fd[1], SHUT_WR) == 0);
	s = stream_new(fd[0]);
	stream_deadline(s, clock_mono() + CLOCK_SECOND);
	if (redis_ask(s, words, MOST, arena, &reply, &err) == 0)
		check(&reply, data, size);
	else
		must(err.text[0] != '\0');
	stream_close(s);
	(void)close(fd[1]);
	arena_free(arena);
	return 0;
}

/* standalone.c - see standalone.h. */
#include "weir/standalone.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "weir/intake_line.h"

enum { PIECE = 16 * 1024 };

static ssize_t
get(int fd, char *piece)
{
	ssize_t n;

	do
		n = read(fd, piece, PIECE);
	while (n < 0 && errno == EINTR);
	return n;
}

static bool
put(int fd, const char *p, ssize_t n)
{
	while (n > 0) {
		ssize_t some = write(fd, p, (size_t)n);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return false;
		p += some;
		n -= some;
	}
	return true;
}

int
standalone_run(const char *path, struct err *err)
{
	struct intake_line line;
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	char piece[PIECE];
	bool open = true;
	ssize_t n;

	if (intake_line_open(&line, path, err) != 0)
		return -1;
	fds[1] = (struct pollfd){ .fd = line.fd, .events = POLLIN };
	while (open) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents != 0) {
			n = get(line.fd, piece);
			open = n > 0 && put(STDOUT_FILENO, piece, n);
		}
		if (!open || fds[0].revents == 0)
			continue;
		n = get(STDIN_FILENO, piece);
		if (n <= 0 || !intake_line_put(&line, piece, (size_t)n)) {
			/* What it still says is for us. */
			(void)shutdown(line.fd, SHUT_WR);
			fds[0].fd = -1;
		}
	}
	intake_line_close(&line);
	return 0;
}

/* intake_line.c - see intake_line.h. */
#include "weir/intake_line.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"

/* A milter may take its time. */
enum { PATIENCE_S = 600 };

int
intake_line_open(struct intake_line *line, const char *path, struct err *err)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof sun.sun_path) {
		err_set(err, "%s: the path is too long for a socket", path);
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(
		fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
	    setsockopt(
		fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof sun) != 0) {
		err_set(err, "connect to %s: %s", path, err_errno(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	line->fd = fd;
	line->got = 0;
	line->reply[0] = '\0';
	return 0;
}

void
intake_line_close(struct intake_line *line)
{
	(void)close(line->fd);
}

bool
intake_line_put(struct intake_line *line, const void *data, size_t n)
{
	const char *p = data;

	while (n > 0) {
		ssize_t put = send(line->fd, p, n, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

/* A line into ${reply}, without its end. */
static bool
get_line(struct intake_line *line)
{
	char *lf;
	size_t n;

	while ((lf = memchr(line->in, '\n', line->got)) == NULL) {
		ssize_t got;

		if (line->got == sizeof line->in)
			return false;
		got = recv(line->fd, line->in + line->got,
		    sizeof line->in - line->got, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		line->got += (size_t)got;
	}
	n = (size_t)(lf - line->in);
	memcpy(line->reply, line->in, n);
	line->reply[n] = '\0';
	if (n > 0 && line->reply[n - 1] == '\r')
		line->reply[n - 1] = '\0';
	line->got -= n + 1;
	memmove(line->in, lf + 1, line->got);
	return true;
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

int
intake_line_get(struct intake_line *line)
{
	const char *r = line->reply;

	do
		if (!get_line(line) || !digit(r[0]) || !digit(r[1]) ||
		    !digit(r[2]))
			return 0;
	while (r[3] == '-');
	return (r[0] - '0') * 100 + (r[1] - '0') * 10 + (r[2] - '0');
}

/* The local role: a child for each delivery, that becomes the owner of the
 * mailbox (L-47, hostile 127, 133, 135). */
#include "delivery/local_role.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/net.h"
#include "base/spawn.h"
#include "base/stream.h"
#include "delivery/mailbox.h"
#include "t/tap.h"

enum { LISTENER = 3, NOBODY = 65534 };

static char dir[] = "/tmp/local_role.XXXXXX";
static struct arena *arena;
static const char *socket_path;

static int
role(void *arg)
{
	struct local_role r = { .listener = LISTENER };

	(void)arg;
	return local_role_run(&r);
}

/* Send ${request}, ${text} behind it; the answer, or NULL if there is none. */
static const struct mailbox_answer *
ask(const struct buf *request, const char *text)
{
	static struct mailbox_answer answer;
	struct err err = { { 0 } };
	struct stream *s = stream_connect_unix(
	    socket_path, clock_mono() + 60 * CLOCK_SECOND, &err);
	char *all = arena_alloc(arena, FRAME_HEADER + FRAME_MOST);
	struct frame frame;
	bool good = false;
	size_t used, n;

	if (s == NULL)
		return NULL;
	stream_put(s, request->data, request->len);
	stream_put(s, text, strlen(text));
	(void)stream_flush(s);
	(void)shutdown(stream_fd(s), SHUT_WR);
	if (stream_read(s, all, FRAME_HEADER) == STREAM_OK &&
	    (n = frame_length(all)) <= FRAME_MOST &&
	    stream_read(s, all + FRAME_HEADER, n) == STREAM_OK &&
	    frame_get(all, FRAME_HEADER + n, &frame, &used) == FRAME_ONE)
		good = mailbox_answer_parse(&frame, arena, &answer);
	stream_close(s);
	return good ? &answer : NULL;
}

static const struct mailbox_answer *
deliver(struct mailbox m, const char *text)
{
	struct buf b = { 0 };
	const struct mailbox_answer *a;

	m.size = strlen(text);
	mailbox_print(&m, &b);
	a = ask(&b, text);
	buf_free(&b);
	return a;
}

static struct mailbox
request(void)
{
	return (struct mailbox){ .base = dir,
		.path = "box/",
		.maildir = true,
		.strict = true,
		.user = "",
		.uid = getuid() == 0 ? NOBODY : (uint32_t)getuid(),
		.gid = getuid() == 0 ? NOBODY : (uint32_t)getgid(),
		.locks = MAILBOX_FCNTL | MAILBOX_DOTLOCK,
		.attempts = 1,
		.name = "1.M2Q3R4.host",
		.from = "From a@b Sun Feb  3 16:54:01 2002",
		.head = "" };
}

static void
deliveries(void)
{
	struct mailbox m = request();
	const struct mailbox_answer *a = deliver(m, "Subject: x\r\n\r\n");
	struct stat st = { 0 };

	ok(a != NULL && a->result == MAILBOX_DONE, "a Maildir: %s",
	    a != NULL ? a->text : "no answer");
	ok(stat(arena_printf(arena, "%s/box/new/1.M2Q3R4.host", dir), &st) ==
		    0 &&
		st.st_uid == m.uid && st.st_gid == m.gid &&
		(st.st_mode & 0777) == 0600,
	    "the file is its owner's and nobody else's");
	m.path = "mbox";
	m.maildir = false;
	a = deliver(m, "Subject: y\r\n\r\n");
	ok(a != NULL && a->result == MAILBOX_DONE, "a mailbox file");
	if (getuid() != 0)
		return;
	m.base = "/root";
	a = deliver(m, "x");
	ok(a != NULL && a->result == MAILBOX_DEFER,
	    "hostile 127: where the owner may not write: %s", a->text);
}

/* A spool directory that belongs to a group. */
static void
spool(void)
{
	struct mailbox m = request();
	const char *place = arena_printf(arena, "%s/spool", dir);
	const struct mailbox_answer *a;
	struct stat st = { 0 };

	if (getuid() != 0)
		return;
	(void)mkdir(place, 0770);
	ok(chown(place, 0, 8) == 0 && chmod(place, 02775) == 0,
	    "a spool directory");
	m.base = place;
	m.path = "user";
	m.maildir = false;
	a = deliver(m, "x\r\n");
	ok(a->result == MAILBOX_DEFER, "L-46: not with the user's rights: %s",
	    a->text);
	m.spool = true;
	a = deliver(m, "x\r\n");
	ok(a->result == MAILBOX_DONE, "with those of the spool's group: %s",
	    a->text);
	ok(stat(arena_printf(arena, "%s/user", place), &st) == 0 &&
		st.st_uid == NOBODY && st.st_gid == 8,
	    "the file is the user's");
}

static void
nonsense(void)
{
	struct mailbox m = request();
	struct buf b = { 0 };

	buf_puts(&b, "GET / HTTP/1.0\r\n\r\n");
	ok(ask(&b, "") == NULL, "hostile 135: nonsense gets no answer");
	buf_reset(&b);
	frame_put(&b, MAILBOX_DELIVER, 0, "abc", 3);
	ok(ask(&b, "") == NULL, "hostile 135: half a request");
	m.uid = 0;
	ok(deliver(m, "x") == NULL, "root is not written for");
	m = request();
	m.name = "2";
	ok(deliver(m, "x") != NULL, "the next one is served");
	buf_free(&b);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int
main(void)
{
	struct err err = { { 0 } };
	struct spawn_fd fd = { .to = LISTENER };
	int status = -1;
	pid_t pid;

	arena = arena_new();
	if (mkdtemp(dir) == NULL ||
	    (getuid() == 0 && chown(dir, NOBODY, NOBODY) != 0))
		return 1;
	socket_path = arena_printf(arena, "%s/socket", dir);
	fd.from = net_listen_unix(socket_path, 0600, &err);
	pid = spawn_call(role, NULL, &fd, 1, &err);
	deliveries();
	spool();
	nonsense();
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, &status, 0);
	ok(status == 0, "SIGTERM ends it");
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(arena);
	return done_testing();
}

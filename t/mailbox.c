/* Writing Maildirs and mailbox files: what arrives, and what is refused
 * (L-48 to L-50, hostile 94, 127 to 129, 132). */
#include "delivery/mailbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/frame.h"
#include "base/stream.h"
#include "t/tap.h"

static char dir[] = "/tmp/mailbox.XXXXXX";
static struct arena *arena;
static struct mailbox_answer answer;

static const char message[] = "Subject: x\r\n\r\nFrom here\r\n>From\r\n"
			      "Fro\r\nlast\r\n";

static struct mailbox
request(const char *path, bool maildir)
{
	return (struct mailbox){
		.base = dir,
		.path = path,
		.maildir = maildir,
		.strict = true,
		.user = "",
		.uid = (uint32_t)getuid(),
		.gid = (uint32_t)getgid(),
		.locks = MAILBOX_FLOCK | MAILBOX_FCNTL | MAILBOX_DOTLOCK,
		.attempts = 2,
		.delay = CLOCK_MS,
		.stale = 500 * CLOCK_SECOND,
		.name = "1.M2Q3R4.host",
		.from = "From a@b Sun Feb  3 16:54:01 2002",
		.head = "Return-Path: <a@b>\n",
	};
}

/* Deliver ${text}; ${size} octets are promised. */
static enum mailbox_result
deliver(struct mailbox m, const char *text, size_t size)
{
	struct stream *in;
	int pair[2];

	m.size = size;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return MAILBOX_DEFER;
	if (send(pair[1], text, strlen(text), 0) != (ssize_t)strlen(text))
		ok(0, "send");
	(void)close(pair[1]);
	in = stream_new(pair[0]);
	stream_deadline(in, clock_mono() + 60 * CLOCK_SECOND);
	mailbox_write(&m, in, arena, &answer);
	stream_close(in);
	return answer.result;
}

static const char *
place(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static const char *
content(const char *name)
{
	int fd = open(place(name), O_RDONLY);
	char *text = arena_alloc(arena, 4096);

	if (fd < 0 || read(fd, text, 4095) < 0)
		text = arena_strdup(arena, "(none)");
	(void)close(fd);
	return text;
}

static void
put(const char *name, const char *text)
{
	int fd = open(place(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ok(0, "put %s", name);
	(void)close(fd);
}

/* How many files are below ${name}. */
static int
count(const char *name)
{
	DIR *d = opendir(place(name));
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		(void)closedir(d);
	return n - 2;
}

static void
maildir(void)
{
	struct mailbox m = request("dom/user/", true);

	ok(deliver(m, message, strlen(message)) == MAILBOX_DONE, "Maildir: %s",
	    answer.text);
	is(answer.text, "delivered to maildir", "its text");
	is(content("dom/user/new/1.M2Q3R4.host"),
	    "Return-Path: <a@b>\nSubject: x\n\nFrom here\n>From\nFro\nlast\n",
	    "LF line ends, nothing quoted");
	ok(count("dom/user/tmp") == 0 && count("dom/user/cur") == 0,
	    "L-50: tmp and cur are there and empty");
	ok(deliver(m, "other\r\n", 7) == MAILBOX_DONE &&
		count("dom/user/new") == 1,
	    "hostile 119: a second attempt makes no second message");

	m.name = "2";
	ok(deliver(m, message, strlen(message) + 1) == MAILBOX_DEFER,
	    "a message that breaks off: %s", answer.text);
	ok(count("dom/user/new") == 1 && count("dom/user/tmp") == 0,
	    "leaves nothing");
	m.limit = 20;
	ok(deliver(m, message, strlen(message)) == MAILBOX_BOUNCE,
	    "virtual_mailbox_limit: %s", answer.text);
	is(answer.dsn, "5.2.2", "the mailbox is full");
	ok(count("dom/user/tmp") == 0, "and nothing is left");
}

static void
maildir_links(void)
{
	struct mailbox m = request("evil/", true);

	(void)mkdir(place("outside"), 0700);
	(void)mkdir(place("evil"), 0700);
	(void)!symlink("../outside", place("evil/new"));
	ok(deliver(m, message, strlen(message)) == MAILBOX_DEFER,
	    "hostile 127: new is a link: %s", answer.text);
	is(answer.dsn, "4.2.0", "deferred");
	m = request("link/", true);
	(void)!symlink("outside", place("link"));
	ok(deliver(m, message, strlen(message)) == MAILBOX_DEFER,
	    "the Maildir is a link");
	m = request("link/below/", true);
	ok(deliver(m, message, strlen(message)) == MAILBOX_DEFER,
	    "a directory above it is a link");
	ok(count("outside") == 0, "nothing was written outside");
}

static void
mbox(void)
{
	struct mailbox m = request("mbox", false);
	const char *once = "From a@b Sun Feb  3 16:54:01 2002\n"
			   "Return-Path: <a@b>\nSubject: x\n\n>From here\n"
			   ">From\nFro\nlast\n\n";

	ok(deliver(m, message, strlen(message)) == MAILBOX_DONE, "mbox: %s",
	    answer.text);
	is(answer.text, "delivered to mailbox", "its text");
	is(content("mbox"), once, "L-48: separator, quoting, empty line");
	(void)deliver(m, message, strlen(message));
	is(content("mbox"), arena_printf(arena, "%s%s", once, once),
	    "a second one behind it");

	put("mbox", "From x\ncut off");
	(void)deliver(m, "a\r\n", 3);
	is(content("mbox"),
	    "From x\ncut off\n\nFrom a@b Sun Feb  3 16:54:01 2002\n"
	    "Return-Path: <a@b>\na\n\n",
	    "hostile 129: behind one that was cut off by a crash");
	put("mbox", "");
	(void)deliver(m, "Fr", 2);
	is(content("mbox"),
	    "From a@b Sun Feb  3 16:54:01 2002\nReturn-Path: <a@b>\nFr\n\n",
	    "no last line end");

	put("mbox", "old\n\n");
	ok(deliver(m, message, strlen(message) + 1) == MAILBOX_DEFER,
	    "a message that breaks off");
	is(content("mbox"), "old\n\n", "leaves the file as it was");
	m.limit = 60;
	ok(deliver(m, message, strlen(message)) == MAILBOX_BOUNCE,
	    "mailbox_size_limit: %s", answer.text);
	is(content("mbox"), "old\n\n", "leaves it, too");
	ok(access(place("mbox.lock"), F_OK) != 0, "no lock file is left");
}

static void
mbox_refused(void)
{
	struct mailbox m = request("directory", false);

	put("target", "");
	(void)!symlink("target", place("symlink"));
	(void)!link(place("target"), place("hard"));
	(void)mkfifo(place("fifo"), 0600);
	(void)mkdir(place("directory"), 0700);
	ok(deliver(request("symlink", false), "a", 1) == MAILBOX_DEFER,
	    "hostile 128: %s", answer.text);
	ok(deliver(request("hard", false), "a", 1) == MAILBOX_DEFER,
	    "hostile 128: %s", answer.text);
	ok(deliver(request("fifo", false), "a", 1) == MAILBOX_BOUNCE,
	    "hostile 128: %s", answer.text);
	ok(deliver(request("directory", false), "a", 1) == MAILBOX_DEFER &&
		strstr(answer.text, "delivery failed to mailbox ") != NULL,
	    "hostile 128: %s", answer.text);
	m.user = "kdent";
	ok(deliver(m, "a", 1) == MAILBOX_BOUNCE &&
		strstr(answer.text,
		    "directory for user kdent. cannot open file: Is a "
		    "directory") != NULL,
	    "hostile 128: %s", answer.text);
	is(content("target"), "", "nothing was written through them");
	(void)unlink(place("hard"));
	if (getuid() == 0) {
		m = request("target", false);
		m.uid = 12345;
		ok(deliver(m, "a", 1) == MAILBOX_DEFER &&
			strstr(answer.text, "not owned by recipient") != NULL,
		    "strict_mailbox_ownership: %s", answer.text);
		m.strict = false;
		ok(deliver(m, "a", 1) == MAILBOX_DONE, "unless it is off");
	}
}

static void
locks(void)
{
	struct mailbox m = request("locked", false);
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	unsigned which;
	int fd;

	put("locked", "");
	put("locked.lock", "");
	ok(deliver(m, "a", 1) == MAILBOX_DEFER,
	    "hostile 129: somebody's lock file: %s", answer.text);
	ok(access(place("locked.lock"), F_OK) == 0, "is left alone");
	(void)utimensat(AT_FDCWD, place("locked.lock"), old, 0);
	ok(deliver(m, "a", 1) == MAILBOX_DONE, "a stale one is removed");
	fd = open(place("locked"), O_RDWR);
	(void)flock(fd, LOCK_EX);
	ok(deliver(m, "a", 1) == MAILBOX_DEFER, "flock: %s", answer.text);
	m.locks = MAILBOX_FCNTL;
	ok(deliver(m, "a", 1) == MAILBOX_DONE, "not asked for: no matter");
	(void)close(fd);
	ok(mailbox_locks("fcntl, dotlock", &which) &&
		which == (MAILBOX_FCNTL | MAILBOX_DOTLOCK),
	    "virtual_mailbox_lock");
	ok(!mailbox_locks("fcntl, magic", &which), "an unknown kind");
	ok(!mailbox_locks("", &which), "none");
}

static bool
passes(const struct mailbox *m)
{
	struct buf b = { 0 };
	struct frame frame;
	struct mailbox got;
	size_t used;
	bool accepted;

	mailbox_print(m, &b);
	(void)frame_get(b.data, b.len, &frame, &used);
	accepted = mailbox_parse(&frame, arena, &got) &&
	    strcmp(got.path, m->path) == 0 && strcmp(got.head, m->head) == 0 &&
	    got.uid == m->uid && got.stale == m->stale;
	frame.len--;
	if (mailbox_parse(&frame, arena, &got))
		accepted = false;
	buf_free(&b);
	return accepted;
}

static void
requests(void)
{
	static const char *const bad[] = { "", "/etc/x", "../x", "a/../../x",
		"a/..", ".", "a//b", "./a" };
	struct mailbox m = request("dom/user/", true);

	m.uid = m.gid = 1000;
	ok(passes(&m), "a request is read as it was written");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		m.path = bad[i];
		ok(!passes(&m), "hostile 132: path \"%s\" is refused", bad[i]);
	}
	m.path = "a";
	m.uid = 0;
	ok(!passes(&m), "root's identity is refused");
	m.uid = 1000;
	m.gid = 0;
	ok(!passes(&m), "root's group is refused");
	m.gid = 1000;
	m.name = "../x";
	ok(!passes(&m), "a name with a slash is refused");
	m.name = "x";
	m.from = "From a\nFrom b";
	ok(!passes(&m), "two separators are refused");
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
	arena = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	maildir();
	maildir_links();
	mbox();
	mbox_refused();
	locks();
	requests();
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(arena);
	return done_testing();
}

/* The deliver role with a queue that this test plays, a store with one message,
 * and a real local role: mailboxes, the agents that carry nothing, routing,
 * limits, a queue that comes back, the end. */
#include "delivery/deliver_role.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/frame.h"
#include "base/master.h"
#include "base/net.h"
#include "base/spawn.h"
#include "base/stream.h"
#include "delivery/delivery_params.h"
#include "delivery/local_role.h"
#include "queue/envelope.h"
#include "queue/job.h"
#include "queue/store.h"
#include "rules/rules_params.h"
#include "t/tap.h"
#include "t/testworld.h"

enum { LISTENER = 3, LOG = 3, NOBODY = 65534, ROOM = 256 };

static char dir[] = "/tmp/deliver_role.XXXXXX";
static struct arena *arena;
static struct stream *queue;
static int listener;
static uint64_t key, large_key, next_id;

static const char *
place(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static const char master_cf[] =
    "smtp unix - - n - - smtp\n"
    "one unix - - n - 1 smtp\n"
    "virtual unix - n n - - virtual\n"
    "softly unix - n n - - virtual -o soft_bounce=yes\n"
    "failing unix - n n - - virtual -o virtual_mailbox_maps=fail:x\n"
    "local unix - n n - - local\n"
    "error unix - - n - - error\n"
    "retry unix - - n - - error\n"
    "discard unix - - n - - discard\n"
    "broken unix - - n - - smtp -o smtp_tls_security_level=magic\n";

static const char main_cf[] =
    "myhostname = mail.example.com\n"
    "mydestination = local.example\n"
    "inet_interfaces = 127.0.0.1\n"
    "virtual_mailbox_domains = v.example\n"
    "virtual_mailbox_base = %s/mail\n"
    "virtual_mailbox_maps = inline:{dir@v.example=dir/, "
    "file@v.example=file, up@v.example=../up, nouid@v.example=nouid/, "
    "root@v.example=root/, bad@v.example=bad/, "
    "loop@v.example=loop/}\n"
    "virtual_uid_maps = inline:{dir@v.example=%u, file@v.example=%u, "
    "up@v.example=%u, root@v.example=0, bad@v.example=12x}\n"
    "virtual_gid_maps = static:%u\n"
    "virtual_minimum_uid = 100\n"
    "forward_path =\n"
    "virtual_alias_maps =\nvirtual_alias_domains = alias.example\n"
    "relay_domains =\ntransport_maps =\nlocal_recipient_maps =\n"
    "canonical_maps =\n"
    "mail_spool_directory = %s/spool\n"
    "weir_drain_time_limit = 5s\n";

static int
serve_local(void *arg)
{
	struct local_role r = { .listener = LISTENER };

	(void)arg;
	return local_role_run(&r);
}

static int
serve_deliver(void *arg)
{
	static const struct param_table *const tables[] = { &base_params_table,
		&rules_params_table, &delivery_params_table, NULL };
	struct event_target target = {
		.name = "weir", .fd = LOG, .json_fd = -1
	};
	struct testworld world = testworld_new("");
	unsigned uid = getuid() == 0 ? NOBODY : getuid();
	unsigned gid = getuid() == 0 ? NOBODY : getgid();
	struct deliver_role role = { .world = &world.world,
		.queue_socket = place("queue"),
		.store = place("store"),
		.local_socket = place("local") };
	struct master master;
	struct err err = { { 0 } };

	(void)arg;
	event_open(&target);
	role.conf = conf_parse("main.cf",
	    arena_printf(arena, main_cf, dir, uid, uid, uid, gid, dir), tables,
	    &err);
	role.master = &master;
	if (role.conf == NULL ||
	    master_parse("master.cf", master_cf, arena, &master, &err) != 0) {
		event_warning(NULL, "%s", err.text);
		return 2;
	}
	return deliver_role_run(&role);
}

/* Store a message; its key. */
static uint64_t
keep(struct store *store, const char *qid, size_t chunks)
{
	static struct envelope_rcpt rcpt = { .address = "x@y" };
	struct envelope e = { .sender = "s@x.example",
		.arrival = clock_now(),
		.rcpts = &rcpt,
		.nrcpts = 1,
		.headers = "Delivered-To: loop@v.example\r\n"
			   "Subject: test\r\n\r\n",
		.nchunks = chunks };
	struct store_op op = { .kind = STORE_NEW, .key = store_key(store) };
	char *chunk = arena_alloc(arena, 65536);
	struct err err;

	memset(chunk, 'x', 65536);
	for (size_t i = 0; i < chunks; i++) {
		struct store_op part = {
			.kind = STORE_CHUNK, .key = op.key, .number = i
		};

		buf_put(&part.data, chunk, 65536);
		(void)store_commit(store, &part, &err);
		buf_free(&part.data);
	}
	e.nheaders = strlen(e.headers);
	e.body = chunks > 0 ? NULL : "From me\r\n";
	e.nbody = chunks > 0 ? 0 : strlen(e.body);
	(void)snprintf(e.qid, sizeof e.qid, "%s", qid);
	memcpy(op.qid, e.qid, sizeof op.qid);
	op.place =
	    (struct store_place){ .class = STORE_INCOMING, .key = op.key };
	envelope_print(&e, &op.data);
	if (store_commit(store, &op, &err) != 0 || op.result != STORE_OK)
		printf("Bail out! %s\n", err.text);
	buf_free(&op.data);
	return op.key;
}

static void
make_store(void)
{
	struct store_options options = { .size = 64 << 20, .reserve = 2 << 20 };
	struct err err = { { 0 } };
	struct store *store;

	(void)mkdir(place("store"), 0700);
	store = store_open(place("store"), &options, &err);
	key = keep(store, "4Small", 0);
	large_key = keep(store, "4Large", 3);
	store_close(store);
}

/* The next frame from the role; false: it hung up. */
static bool
read_frame(struct frame *frame)
{
	char *all = arena_alloc(arena, FRAME_HEADER + FRAME_MOST);
	size_t used, n;

	stream_deadline(queue, clock_mono() + 60 * CLOCK_SECOND);
	return stream_read(queue, all, FRAME_HEADER) == STREAM_OK &&
	    (n = frame_length(all)) <= FRAME_MOST &&
	    stream_read(queue, all + FRAME_HEADER, n) == STREAM_OK &&
	    frame_get(all, FRAME_HEADER + n, frame, &used) == FRAME_ONE;
}

/* Wait for the role to come and say hello. */
static void
welcome(void)
{
	struct frame_reader r;
	struct frame frame;
	int fd = accept(listener, NULL, NULL);

	queue = stream_new(fd);
	if (!read_frame(&frame)) {
		ok(0, "hello");
		return;
	}
	r = (struct frame_reader){ frame.body, frame.body + frame.len, false };
	ok(frame.type == JOB_HELLO && frame_num(&r) == ROOM && !r.bad,
	    "hello, with weir_delivery_limit");
}

static void
send_job(enum job_frame type, const char *transport, const char *nexthop,
    const char *address, uint64_t message)
{
	struct job_rcpt rcpt = { .index = 5,
		.address = address,
		.original = "orig@x.example",
		.orcpt = "" };
	struct job job = { .id = ++next_id,
		.key = message,
		.qid = "4Small",
		.transport = transport,
		.nexthop = nexthop,
		.sender = "s@x.example",
		.arrival = INT64_C(1700000000) * CLOCK_SECOND,
		.active = clock_now(),
		.size = 100,
		.envid = "",
		.rcpts = &rcpt,
		.nrcpts = 1 };
	struct buf out = { 0 };

	job_print(&job, type, &out);
	stream_put(queue, out.data, out.len);
	(void)stream_flush(queue);
	buf_free(&out);
}

/* "status dsn reason" of one job. */
static const char *
deliver_key(const char *transport, const char *nexthop, const char *address,
    uint64_t message)
{
	static const char *const words[] = { "sent", "deferred", "bounced",
		"replaced", "unknown" };
	struct job_result result;
	struct frame frame;

	send_job(JOB_DELIVER, transport, nexthop, address, message);
	if (!read_frame(&frame) || !job_result_parse(&frame, arena, &result) ||
	    result.id != next_id || result.noutcomes != 1 ||
	    result.outcomes[0].index != 5)
		return "(no result)";
	return arena_printf(arena, "%s %s %s", words[result.outcomes[0].status],
	    result.outcomes[0].dsn, result.outcomes[0].reason);
}

static const char *
deliver(const char *transport, const char *nexthop, const char *address)
{
	return deliver_key(transport, nexthop, address, key);
}

static const char *
content(const char *pattern)
{
	char *text = arena_alloc(arena, 512 * 1024);
	const char *name = place(pattern);
	glob_t g;
	int fd = -1;

	if (glob(name, 0, NULL, &g) == 0)
		fd = open(g.gl_pathv[0], O_RDONLY);
	if (fd < 0 || read(fd, text, 512 * 1024 - 1) < 0)
		text = arena_strdup(arena, "(none)");
	(void)close(fd);
	globfree(&g);
	return text;
}

#define WRONG "deferred 4.3.5 mail system configuration error"

static void
mailboxes(void)
{
	const char *head = "Return-Path: <s@x.example>\n"
			   "X-Original-To: orig@x.example\n"
			   "Delivered-To: ";
	const char *tail = "\nDelivered-To: loop@v.example\nSubject: test\n\n";
	const char *got;

	is(deliver("virtual", "v.example", "dir@v.example"),
	    "sent 2.0.0 delivered to maildir", "L-60: a Maildir");
	is(content("mail/dir/new/*"),
	    arena_printf(arena, "%sdir@v.example%sFrom me\n", head, tail),
	    "O-50: with its header lines");
	(void)deliver("virtual", "v.example", "dir@v.example");
	ok(strcmp(content("mail/dir/new/*R*[!0-9a-f.]*"), "(none)") != 0,
	    "the same name twice");
	is(deliver("virtual", "v.example", "file@v.example"),
	    "sent 2.0.0 delivered to mailbox", "a mailbox file");
	got = content("mail/file");
	ok(strncmp(got, "From s@x.example ", 17) == 0 &&
		strstr(got, "\n>From me\n\n") != NULL,
	    "O-52: with separator and quoting");
	got = deliver_key("virtual", "v.example", "file@v.example", large_key);
	is(got, "sent 2.0.0 delivered to mailbox", "a large message");
	ok(strlen(content("mail/file")) > 3 * 65536, "all of it");
	is(deliver("virtual", "v.example", "loop@v.example"),
	    "bounced 5.4.6 mail forwarding loop for loop@v.example",
	    "L-53: a Delivered-To: header shows a loop");
	is(deliver("virtual", "v.example", "nobody@v.example"),
	    "bounced 5.1.1 unknown user: \"nobody@v.example\"", "unknown user");
	is(deliver("failing", "v.example", "dir@v.example"), WRONG,
	    "a table that cannot be asked");
	is(deliver("softly", "v.example", "nobody@v.example"),
	    "deferred 4.1.1 unknown user: \"nobody@v.example\"",
	    "soft_bounce of one transport");
	is(deliver("virtual", "v.example", "up@v.example"), WRONG,
	    "hostile 132: a path that leads upwards");
	is(deliver("virtual", "v.example", "nouid@v.example"), WRONG, "no uid");
	is(deliver("virtual", "v.example", "root@v.example"), WRONG,
	    "virtual_minimum_uid");
	is(deliver("virtual", "v.example", "bad@v.example"), WRONG,
	    "a uid that is none");
	is(deliver("local", "local.example", "no-such-user@local.example"),
	    "bounced 5.1.1 unknown user: \"no-such-user\"", "O-36");
	is(deliver("local", "local.example", "root@local.example"), WRONG,
	    "nothing is written as root");
	if (getuid() == 0)
		is(deliver("local", "local.example", "NOBODY@local.example"),
		    "sent 2.0.0 delivered to mailbox",
		    "L-46: a user's mailbox");
}

static void
carriers(void)
{
	is(deliver("error", "5.1.6 moved away", "a@b"),
	    "bounced 5.1.6 moved away", "error with a status");
	is(deliver("error", "no more", "a@b"), "bounced 5.0.0 no more",
	    "error");
	is(deliver("retry", "4.4.1 later", "a@b"), "deferred 4.4.1 later",
	    "retry");
	is(deliver("discard", "gone", "a@b"), "sent 2.0.0 gone", "discard");
	is(deliver("nowhere", "x", "a@b"),
	    "deferred 4.3.0 mail transport unavailable", "no such transport");
	is(deliver("broken", "x", "a@b"),
	    "deferred 4.3.0 mail transport unavailable",
	    "a transport that is not configured well");
	is(deliver_key("discard", "x", "a@b", 12345),
	    "deferred 4.3.0 queue file read error",
	    "a message that is not there");
}

static const struct job_route *
resolve(const char *address)
{
	struct job_routed *routed = arena_alloc(arena, sizeof *routed);
	struct frame frame;

	send_job(JOB_ROUTE, "", "", address, key);
	if (!read_frame(&frame) || !job_routed_parse(&frame, arena, routed) ||
	    routed->nroutes != 1) {
		printf("Bail out! not routed\n");
		exit(2);
	}
	return routed->routes;
}

static void
routes(void)
{
	const struct job_route *r = resolve("user@far.example");

	ok(!r->failed && r->index == 5 && strcmp(r->transport, "smtp") == 0 &&
		strcmp(r->nexthop, "far.example") == 0,
	    "JOB_ROUTE: a far domain: %s %s", r->transport, r->nexthop);
	r = resolve("user@v.example");
	is(r->transport, "virtual", "a virtual mailbox");
	r = resolve("user@alias.example");
	ok(strcmp(r->transport, "error") == 0 &&
		strncmp(r->nexthop, "5.1.1 ", 6) == 0,
	    "an alias that is none: %s", r->nexthop);
}

/* Two jobs of a transport that may do one at a time, to a server that does
 * not answer: the second one waits, others do not. */
static void
limits(void)
{
	struct err err;
	int server = net_listen("127.0.0.1", "0", 5, false, &err), fd;
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct net_addr addr;
	const char *nexthop;
	unsigned port;

	(void)fcntl(server, F_SETFL, 0);
	(void)getsockname(server, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &port);
	nexthop = arena_printf(arena, "[127.0.0.1]:%u", port);
	send_job(JOB_DELIVER, "one", nexthop, "a@b", key);
	fd = accept(server, NULL, NULL);
	send_job(JOB_DELIVER, "one", nexthop, "a@b", key);
	is(deliver("discard", "x", "a@b"), "sent 2.0.0 x",
	    "a busy transport does not stop another one");
	(void)fcntl(server, F_SETFL, O_NONBLOCK);
	ok(accept(server, NULL, NULL) < 0, "maxproc is a ceiling");

	/* The queue goes away and comes back; the results are forgotten. */
	stream_close(queue);
	(void)close(fd);
	welcome();
	is(deliver("discard", "x", "a@b"), "sent 2.0.0 x",
	    "a queue that came back is served");

	/* At the end what waits is given back, and what runs is finished. */
	(void)fcntl(server, F_SETFL, 0);
	(void)close(server);
}

/* SIGTERM, until the role's first thread has taken it and sleeps again. */
static void
terminate(pid_t pid)
{
	const char *path = arena_printf(arena, "/proc/%d/status", (int)pid);
	char status[4096];
	ssize_t n;
	int fd;

	(void)syscall(SYS_tgkill, pid, pid, SIGTERM);
	for (int i = 0; i < 6000; i++) {
		(void)poll(NULL, 0, 10);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, status, sizeof status - 1);
		(void)close(fd);
		status[n > 0 ? n : 0] = '\0';
		if (strstr(status, "State:\tS") != NULL &&
		    strstr(status, "SigPnd:\t0000000000000000") != NULL)
			return;
	}
}

static void
last(pid_t pid)
{
	struct err err;
	int server = net_listen("127.0.0.1", "0", 5, false, &err), fd, status;
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct net_addr addr;
	const char *nexthop;
	struct job_result results[2];
	struct frame frame;
	unsigned port;

	(void)fcntl(server, F_SETFL, 0);
	(void)getsockname(server, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &port);
	nexthop = arena_printf(arena, "[127.0.0.1]:%u", port);
	send_job(JOB_DELIVER, "one", nexthop, "a@b", key);
	fd = accept(server, NULL, NULL);
	send_job(JOB_DELIVER, "one", nexthop, "a@b", key);
	terminate(pid);
	(void)close(fd);
	for (size_t i = 0; i < 2; i++)
		if (!read_frame(&frame) ||
		    !job_result_parse(&frame, arena, &results[i])) {
			ok(0, "results at the end");
			return;
		}
	ok(results[0].id == next_id - 1 &&
		results[0].outcomes[0].status == JOB_DEFERRED &&
		results[0].destination_failed,
	    "SIGTERM: what runs is finished");
	ok(results[1].id == next_id &&
		results[1].outcomes[0].status == JOB_UNKNOWN,
	    "what waits is given back");
	ok(waitpid(pid, &status, 0) == pid && status == 0, "and the role ends");
	(void)close(server);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void
log_lines(void)
{
	const char *log = content("log");

	ok(strstr(log,
	       ": 4Small: to=<dir@v.example>, orig_to=<orig@x.example>, "
	       "relay=virtual, delay=") != NULL &&
		strstr(
		    log, ", dsn=2.0.0, status=sent (delivered to maildir)\n") !=
		    NULL,
	    "O-34: a log line");
	ok(strstr(log, "/error[") != NULL &&
		strstr(log, "relay=none, delay=") != NULL,
	    "of the error agent");
	ok(strstr(log, "status=SOFTBOUNCE (unknown user: ") != NULL,
	    "of soft_bounce");
	ok(strstr(log, "transport broken: TLS level \"magic\"") != NULL,
	    "of a transport that was left out");
}

int
main(void)
{
	struct spawn_fd fds = { .to = LISTENER };
	struct err err = { { 0 } };
	pid_t local, role;

	arena = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)mkdir(place("mail"), 0700);
	(void)mkdir(place("spool"), 0700);
	if (getuid() == 0 &&
	    (chmod(dir, 0711) != 0 || chmod(place("spool"), 01777) != 0 ||
		chown(place("mail"), NOBODY, NOBODY) != 0))
		return 1;
	make_store();
	fds.from = net_listen_unix(place("local"), 0600, &err);
	local = spawn_call(serve_local, NULL, &fds, 1, &err);
	listener = net_listen_unix(place("queue"), 0600, &err);
	(void)fcntl(listener, F_SETFL, 0);
	fds.from =
	    open(place("log"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	role = spawn_call(serve_deliver, NULL, &fds, 1, &err);
	welcome();
	mailboxes();
	carriers();
	routes();
	limits();
	last(role);
	log_lines();
	(void)kill(local, SIGTERM);
	(void)waitpid(local, NULL, 0);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(arena);
	return done_testing();
}

/* The loop: readiness, timers, tasks from other threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "t/tap.h"

static struct loop *loop;
static char said[256];

static void
say(const char *what)
{
	size_t n = strlen(said);

	(void)snprintf(said + n, sizeof said - n, "%s ", what);
}

static void
stop(struct loop_timer *timer)
{
	(void)timer;
	loop_stop(loop);
}

/* Run the loop for ${ms}. */
static void
run_for(int ms)
{
	struct loop_timer timer = { .fire = stop };

	said[0] = '\0';
	loop_timer_set(loop, &timer, clock_mono() + ms * CLOCK_MS);
	loop_run(loop);
	loop_timer_cancel(loop, &timer);
}

static struct loop_fd left, right;

static void
on_left(struct loop_fd *watch, unsigned what)
{
	char c;

	if ((what & LOOP_READ) != 0)
		while (recv(watch->fd, &c, 1, MSG_DONTWAIT) == 1)
			say(c == 'a' ? "a" : "b");
	if ((what & LOOP_WRITE) != 0)
		say("writable");
	if ((what & LOOP_HUP) != 0)
		say("hup");
}

static void
test_ready(void)
{
	int s[2];
	char c;

	(void)socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	left = (struct loop_fd){ .fd = s[0], .ready = on_left };
	loop_watch(loop, &left);
	run_for(1);
	is(said, "", "a new socket has nothing to read");
	(void)send(s[1], "ab", 2, 0);
	run_for(1);
	is(said, "a b ", "an edge of reading");
	run_for(1);
	is(said, "", "and no more");
	loop_watch_write(loop, &left);
	run_for(1);
	is(said, "writable ", "writable is told when somebody asks");
	(void)send(s[0], "x", 1, 0);
	(void)recv(s[1], &c, 1, 0);
	run_for(1);
	is(said, "", "and once");
	(void)close(s[1]);
	run_for(1);
	is(said, "hup ", "the peer closes");
	loop_forget(loop, &left);
	run_for(1);
	is(said, "", "forgotten");
	(void)close(s[0]);
}

/* Whichever is served first forgets the other one, for which an event is
 * fetched already. */
static void
on_either(struct loop_fd *watch, unsigned what)
{
	(void)what;
	say(watch == &left ? "left" : "right");
	loop_forget(loop, watch == &left ? &right : &left);
}

static void
test_forget(void)
{
	int a[2], b[2];

	(void)socketpair(AF_UNIX, SOCK_STREAM, 0, a);
	(void)socketpair(AF_UNIX, SOCK_STREAM, 0, b);
	left = (struct loop_fd){ .fd = a[0], .ready = on_either };
	right = (struct loop_fd){ .fd = b[0], .ready = on_either };
	loop_watch(loop, &left);
	loop_watch(loop, &right);
	(void)send(a[1], "a", 1, 0);
	(void)send(b[1], "b", 1, 0);
	run_for(1);
	ok(strcmp(said, "left ") == 0 || strcmp(said, "right ") == 0,
	    "a fetched event for a forgotten watch is dropped: %s", said);
	loop_forget(loop, &left);
	loop_forget(loop, &right);
	for (int i = 0; i < 2; i++) {
		(void)close(a[i]);
		(void)close(b[i]);
	}
}

static void
on_level(struct loop_fd *watch, unsigned what)
{
	static int times;
	char c;

	(void)what;
	say("level");
	if (++times == 3)
		(void)recv(watch->fd, &c, 1, MSG_DONTWAIT);
}

static void
test_level(void)
{
	struct loop_fd watch = { .ready = on_level };
	int s[2];

	(void)socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	watch.fd = s[0];
	loop_watch_level(loop, &watch, true);
	(void)send(s[1], "x", 1, 0);
	run_for(3);
	is(said, "level level level ", "level-triggered until it is read");
	loop_forget(loop, &watch);
	(void)close(s[0]);
	(void)close(s[1]);
}

enum { TIMERS = 2000 };
static struct loop_timer timers[TIMERS];
static int64_t latest;
static int fired, early, disorder;

static void
on_timer(struct loop_timer *timer)
{
	fired++;
	early += loop_time(loop) < timer->when;
	disorder += timer->when < latest;
	latest = timer->when;
}

static void
test_timers(void)
{
	int64_t now = clock_mono();
	int cancelled = 0;

	srand(7);
	for (int i = 0; i < TIMERS; i++) {
		timers[i].fire = on_timer;
		loop_timer_set(
		    loop, &timers[i], now + rand() % 20 * CLOCK_MS + i);
	}
	for (int i = 0; i < TIMERS; i += 3)
		loop_timer_set(
		    loop, &timers[i], now + rand() % 20 * CLOCK_MS + i);
	for (int i = 0; i < TIMERS; i += 5, cancelled++)
		loop_timer_cancel(loop, &timers[i]);
	run_for(25);
	ok(fired == TIMERS - cancelled, "%d timers fire", fired);
	ok(early == 0 && disorder == 0, "none early, all in order");
	ok(timers[1].place == 0, "a timer that has fired is not set");
}

static int spins;

static void
on_spin(struct loop_timer *timer)
{
	spins++;
	loop_timer_set(loop, timer, loop_time(loop));
}

static void
test_spinning_timer(void)
{
	struct loop_timer timer = { .fire = on_spin };

	loop_timer_set(loop, &timer, 0);
	run_for(2);
	ok(spins > 0, "a timer that is always due does not stop the loop");
	loop_timer_cancel(loop, &timer);
}

static struct loop_task first, second, third;

static void
on_task(struct loop_task *task)
{
	say(task == &first ? "first" : task == &second ? "second" : "third");
	if (task == &first) {
		loop_defer(loop, &third);
		loop_defer(loop, &second);
		loop_defer(loop, &third);
	}
}

static void
on_dropping(struct loop_task *task)
{
	(void)task;
	say("dropping");
	loop_undefer(loop, &second);
}

static void
test_defer(void)
{
	first.run = second.run = third.run = on_task;
	loop_post(loop, &first);
	run_for(1);
	is(said, "first third second ", "deferred once, in order");
	loop_defer(loop, &second);
	loop_undefer(loop, &second);
	loop_defer(loop, &third);
	run_for(1);
	is(said, "third ", "undeferred; what comes after stays");
	first.run = on_dropping;
	loop_defer(loop, &first);
	loop_defer(loop, &second);
	loop_defer(loop, &third);
	run_for(1);
	is(said, "dropping third ",
	    "undeferred in the pass that was to run it");
}

enum { POSTERS = 4, POSTS = 20000 };

struct posted {
	struct loop_task task;
	int poster, number;
};

static int expected[POSTERS], arrived;

static void
on_posted(struct loop_task *task)
{
	struct posted *p = (struct posted *)task;

	disorder += p->number != expected[p->poster]++;
	if (++arrived == POSTERS * POSTS)
		loop_stop(loop);
	free(p);
}

static void *
poster(void *arg)
{
	for (int i = 0; i < POSTS; i++) {
		struct posted *p = malloc(sizeof *p);

		if (p == NULL)
			abort();
		p->task.run = on_posted;
		p->poster = *(int *)arg;
		p->number = i;
		loop_post(loop, &p->task);
		if (i % 1000 == 0)
			(void)usleep(100);
	}
	return NULL;
}

static void
test_post(void)
{
	pthread_t threads[POSTERS];
	int numbers[POSTERS];

	disorder = 0;
	for (int i = 0; i < POSTERS; i++) {
		numbers[i] = i;
		(void)pthread_create(&threads[i], NULL, poster, &numbers[i]);
	}
	loop_run(loop);
	for (int i = 0; i < POSTERS; i++)
		(void)pthread_join(threads[i], NULL);
	ok(arrived == POSTERS * POSTS, "every task that is posted arrives");
	ok(disorder == 0, "in the order of posting");
}

int
main(void)
{
	loop = loop_new();
	test_ready();
	test_forget();
	test_level();
	test_timers();
	test_spinning_timer();
	test_defer();
	test_post();
	loop_free(loop);
	return done_testing();
}

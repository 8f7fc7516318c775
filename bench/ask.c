/* ask.c - a client of policy servers: usage: ask port connections seconds
 * [rate [requests]].  Each connection has one request under way, as Postfix's
 * have; without a rate, or with 0, the next one follows at once, with it so many
 * are due in a second, and what waits for a free connection counts from when it
 * was due.  It ends when the seconds are over, or so many requests, of which
 * then no two are alike, have their answers.
 * Prints answers, seconds, the median and the 99th percentile in milliseconds,
 * and answers that were not DUNNO. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUESTS = 4096, MOST = 1024, SLOTS = 200000, SLOT_US = 5 };

static struct request {
	char text[1024];
	size_t len;
} requests[REQUESTS], another;

static struct {
	int fd;
	double due;
	char last;
	int opinion;
} peers[MOST];

static int idle[MOST], nidle, loop;
static unsigned slots[SLOTS]; /* by time that they took, in units of SLOT_US */
static unsigned long answers, opinions, next;
static int all_differ;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What Postfix 3.7 sends at RCPT: number ${i} of many clients, senders and
 * recipients. */
static void
prepare(struct request *r, unsigned i)
{
	r->len = (size_t)snprintf(r->text, sizeof r->text,
	    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
	    "protocol_name=ESMTP\nclient_address=192.0.%u.%u\n"
	    "client_name=host%u.example.net\nclient_port=4%u\n"
	    "reverse_client_name=host%u.example.net\n"
	    "server_address=192.0.2.25\nserver_port=25\n"
	    "helo_name=host%u.example.net\n"
	    "sender=sender%u@example.net\n"
	    "recipient=user%u@example.org\nrecipient_count=0\n"
	    "queue_id=\ninstance=%x.5f1e.0\nsize=%u\netrn_domain=\n"
	    "stress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"
	    "ccert_subject=\nccert_issuer=\nccert_fingerprint=\n"
	    "ccert_pubkey_fingerprint=\nencryption_protocol=\n"
	    "encryption_cipher=\nencryption_keysize=0\n"
	    "policy_context=\n\n",
	    i / 250 % 250, i % 250 + 1, i, i, i, i, i, i * 7 % 1000, i,
	    i * 100);
}

static void
ask(int i, double due)
{
	unsigned long n = next++;
	const struct request *r = &requests[n % REQUESTS];

	if (n >= REQUESTS && all_differ) {
		prepare(&another, (unsigned)n);
		r = &another;
	}

	peers[i].due = due;
	peers[i].last = 0;
	peers[i].opinion = 0;
	if (write(peers[i].fd, r->text, r->len) < 0)
		exit(1);
}

/* One that has its answer. */
static void
take(int i, double at)
{
	char in[4096];
	ssize_t n = read(peers[i].fd, in, sizeof in);
	double slot = (at - peers[i].due) * 1e6 / SLOT_US;

	if (n <= 0) {
		fprintf(stderr, "ask: a server has hung up\n");
		exit(1);
	}
	if (peers[i].last == 0 && (n < 8 || in[7] != 'D'))
		peers[i].opinion = 1;
	peers[i].last = in[n - 1];
	if (n < 2 || in[n - 1] != '\n' || in[n - 2] != '\n')
		return;
	opinions += (unsigned long)peers[i].opinion;
	answers++;
	slots[slot < 0 ? 0 : slot < SLOTS ? (unsigned)slot : SLOTS - 1]++;
	idle[nidle++] = i;
}

static double
percentile(double part)
{
	unsigned long want = (unsigned long)((double)answers * part), sum = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		sum += slots[i];
		if (sum > want)
			return i * (SLOT_US / 1e3);
	}
	return SLOTS * (SLOT_US / 1e3);
}

static void
dial(int port, int n)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	loop = epoll_create1(0);
	for (int i = 0; i < n; i++) {
		struct epoll_event e = { .events = EPOLLIN,
			.data.u32 = (unsigned)i };

		peers[i].fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(peers[i].fd, (struct sockaddr *)&at, sizeof at) !=
		    0) {
			perror("ask: connect");
			exit(1);
		}
		(void)setsockopt(
		    peers[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		(void)epoll_ctl(loop, EPOLL_CTL_ADD, peers[i].fd, &e);
		idle[nidle++] = i;
	}
}

/* Sleep until there are answers, or the next request is due: who polls takes a
 * processor from whom it measures. */
static int
wait_until(double when, struct epoll_event *events)
{
	double left = when - now();
	long long ns = left > 0 ? (long long)(left * 1e9) : 0;
	struct timespec limit = { .tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000 };

	return epoll_pwait2(loop, events, MOST, &limit, NULL);
}

int
main(int argc, char **argv)
{
	struct epoll_event events[MOST];
	int n = argc > 2 ? atoi(argv[2]) : 0;
	double seconds = argc > 3 ? atof(argv[3]) : 0;
	double rate = argc > 4 ? atof(argv[4]) : 0;
	unsigned long most = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;
	double begin, due, at;

	if (n < 1 || n > MOST || seconds <= 0) {
		fprintf(stderr,
		    "usage: ask port connections seconds "
		    "[rate [requests]]\n");
		return 64;
	}
	all_differ = most > 0;
	for (unsigned i = 0; i < REQUESTS; i++)
		prepare(&requests[i], i);
	dial(atoi(argv[1]), n);
	(void)prctl(PR_SET_TIMERSLACK, 1);
	begin = due = at = now();
	while (at < begin + seconds && (most == 0 || answers < most)) {
		while (nidle > 0 && (rate <= 0 || due <= at) &&
		    (most == 0 || next < most)) {
			ask(idle[--nidle], rate > 0 ? due : at);
			due += rate > 0 ? 1 / rate : 0;
		}
		int k =
		    wait_until(rate > 0 && nidle > 0 ? due : at + 1, events);

		at = now();
		for (int i = 0; i < k; i++)
			take((int)events[i].data.u32, at);
	}
	printf("%lu %.3f %.3f %.3f %lu\n", answers, at - begin, percentile(0.5),
	    percentile(0.99), opinions);
	return 0;
}

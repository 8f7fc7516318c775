/* dns.c - see dns.h.
 *
 * libunbound resolves in a thread of its own.  A second thread, the pump,
 * collects the answers and wakes those who wait for them.  A question is either
 * queued, or in flight, or answered; its asker owns it, except that one which
 * is given up while its answer is being delivered belongs to the pump. */
#include "base/dns.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/dns_file.h"
#include "base/dns_hosts.h"
#include "base/dns_parse.h"
#include "base/dns_search.h"
#include "base/dns_servers.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/net.h"

enum {
	PER_SERVER = 50, /* in flight; more get lost and are asked again */
	MOST_RECORDS = 1000,
	MOST_PTRS = 10,
	MOST_NAME = 253, /* as text, what 255 octets of a question hold */
	CLASS_IN = 1,
	RCODE_OK = 0,
	RCODE_NXDOMAIN = 3,
	SHARED_MS = 10, /* how often to look at a clock that may jump */
	LONGEST_MS = 60 * 1000,
	PUMP_STACK = 128 * 1024,
};

/* Those who wait for some questions. */
struct asker {
	pthread_cond_t answered; /* ${left} is 0 */
	size_t left;
};

/* One set of servers, and the threads that ask them.  One that was replaced
 * stays until all that it was asked is answered or given up; then its pump
 * ends it. */
struct resolver {
	struct ub_ctx *ctx;
	pthread_t pump;
	int stop; /* an eventfd for the pump */
	size_t in_flight;
	bool retired, over;    /* the pump is to end, does so */
	struct resolver *next; /* of the retired */
};

enum state { QUEUED, IN_FLIGHT, ANSWERED };

struct query {
	const char *name;
	enum dns_type type;
	enum state state;
	struct asker *asker; /* NULL: given up */
	struct query *next;  /* in the queue */
	struct resolver *by; /* in flight */
	int id;              /* libunbound's, in flight */
	int error;
	struct ub_result *result; /* may be NULL */
};

static struct {
	pthread_mutex_t lock; /* of all below and of every query's state */
	bool open, broken;
	struct dns_servers servers;
	struct dns_file system; /* that they are from */
	char *anchors;
	struct resolver *now; /* NULL until somebody asks */
	struct resolver *retired;
	struct query *first, **last;
} dns = { .lock = PTHREAD_MUTEX_INITIALIZER };

int
dns_open(const struct dns_settings *settings, struct err *err)
{
	const char *servers =
	    settings->servers != NULL ? settings->servers : "";

	const char *system =
	    settings->system != NULL && settings->system[0] != '\0'
	    ? settings->system
	    : "/etc/resolv.conf";

	must(!dns.open);
	if (dns_servers_parse(servers, &dns.servers, err) != 0)
		return -1;
	dns_file_open(&dns.system, dns.servers.count == 0 ? system : "");
	if (dns.servers.count == 0)
		dns_servers_system(system, &dns.servers);
	dns_search_open(system);
	dns_hosts_read(settings->hosts != NULL ? settings->hosts : "");
	if (settings->anchors != NULL && settings->anchors[0] != '\0' &&
	    (dns.anchors = strdup(settings->anchors)) == NULL)
		fatal("out of memory");
	dns.first = NULL;
	dns.last = &dns.first;
	dns.open = true;
	return 0;
}

/* The answer to ${q} is there.  The lock is held. */
static void
answered(struct query *q)
{
	q->state = ANSWERED;
	if (q->asker != NULL) {
		if (--q->asker->left == 0)
			(void)pthread_cond_signal(&q->asker->answered);
		return;
	}
	ub_resolve_free(q->result);
	free(q);
}

/* libunbound calls this from ub_process(), in the pump. */
static void
on_answer(void *arg, int error, struct ub_result *result)
{
	struct query *q = arg;

	(void)pthread_mutex_lock(&dns.lock);
	q->by->in_flight--;
	q->error = error;
	q->result = result;
	answered(q);
	(void)pthread_mutex_unlock(&dns.lock);
}

/* Send what is queued, as far as there is room.  The lock is held. */
static void
send_queued(void)
{
	struct query *q;

	while ((q = dns.first) != NULL &&
	    dns.now->in_flight < PER_SERVER * dns.servers.count) {
		dns.first = q->next;
		if (dns.first == NULL)
			dns.last = &dns.first;
		q->state = IN_FLIGHT;
		q->by = dns.now;
		q->error = ub_resolve_async(dns.now->ctx, q->name, (int)q->type,
		    CLASS_IN, q, on_answer, &q->id);
		if (q->error == 0)
			q->by->in_flight++;
		else
			answered(q);
	}
}

static void *
pump(void *arg)
{
	struct resolver *r = arg;
	struct pollfd p[2] = { { .fd = ub_fd(r->ctx), .events = POLLIN },
		{ .fd = r->stop, .events = POLLIN } };
	bool over = false;
	uint64_t woken;

	while (!over) {
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents != 0)
			(void)!read(r->stop, &woken, sizeof woken);
		(void)ub_process(r->ctx);
		(void)pthread_mutex_lock(&dns.lock);
		over = r->retired && r->in_flight == 0;
		r->over = over;
		if (r == dns.now)
			send_queued();
		(void)pthread_mutex_unlock(&dns.lock);
	}
	ub_ctx_delete(r->ctx);
	return NULL;
}

/* Have the pump look whether it is to end. */
static void
wake(const struct resolver *r)
{
	static const uint64_t one = 1;

	if (write(r->stop, &one, sizeof one) != sizeof one)
		fatal("eventfd: %s", err_errno(errno));
}

/* Set up ${ctx} for many questions at once, asked of our servers. */
static int
configure(struct ub_ctx *ctx)
{
	/* clang-format off */
	static const char *const options[][2] = {
		/* The library's own caches hold a few hundred names. */
		{ "msg-cache-size:", "64m" },
		{ "rrset-cache-size:", "128m" },
		{ "outgoing-range:", "256" },
		{ "outgoing-num-tcp:", "16" },
		{ "do-not-query-localhost:", "no" },
		/* The reasons of a DNS list belong in their order. */
		{ "rrset-roundrobin:", "no" },
		/* Private networks have names, too. */
		{ "unblock-lan-zones:", "yes" },
		{ "insecure-lan-zones:", "yes" },
	};
	/* clang-format on */
	int rc = 0;

	for (size_t i = 0; i < sizeof options / sizeof *options && rc == 0; i++)
		rc = ub_ctx_set_option(ctx, options[i][0], options[i][1]);
	if (rc == 0 && dns.anchors != NULL)
		rc = ub_ctx_add_ta_file(ctx, dns.anchors);
	else if (rc == 0)
		rc = ub_ctx_set_option(ctx, "module-config:", "iterator");
	for (size_t i = 0; i < dns.servers.count && rc == 0; i++)
		rc = ub_ctx_set_fwd(ctx, dns.servers.text[i]);
	return rc == 0 ? ub_ctx_async(ctx, 1) : rc;
}

static void
start_pump(struct resolver *r)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int rc;

	/* Signals are for the thread that runs a loop. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, PUMP_STACK);
	rc = pthread_create(&r->pump, &attr, pump, r);
	(void)pthread_attr_destroy(&attr);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
		fatal("cannot start a thread: %s", err_errno(rc));
}

/* Begin, if nobody has yet.  The lock is held. */
static void
begin(void)
{
	struct resolver *r;
	int rc;

	if (dns.now != NULL || dns.broken)
		return;
	r = calloc(1, sizeof *r);
	if (r == NULL)
		fatal("out of memory");
	r->ctx = ub_ctx_create();
	r->stop = eventfd(0, EFD_CLOEXEC);
	if (r->ctx == NULL || r->stop < 0)
		fatal("cannot make a resolver");
	rc = configure(r->ctx);
	if (rc != 0) {
		event_warning(NULL, "resolver: %s", ub_strerror(rc));
		ub_ctx_delete(r->ctx);
		(void)close(r->stop);
		free(r);
		dns.broken = true;
		return;
	}
	dns.now = r;
	start_pump(r);
}

/* Wait for the pumps of those that were replaced. */
static void
reap(struct resolver *all)
{
	struct resolver *next;

	for (; all != NULL; all = next) {
		next = all->next;
		(void)pthread_join(all->pump, NULL);
		(void)close(all->stop);
		free(all);
	}
}

/* Those of the retired whose pump has ended, or all.  The lock is held. */
static struct resolver *
take_retired(bool all)
{
	struct resolver **p = &dns.retired, *r, *taken = NULL;

	while ((r = *p) != NULL) {
		if (!all && !r->over) {
			p = &r->next;
			continue;
		}
		*p = r->next;
		r->next = taken;
		taken = r;
	}
	return taken;
}

/* No more questions for those who are asked now.  The lock is held. */
static void
retire(void)
{
	struct resolver *r = dns.now;

	dns.broken = false;
	if (r == NULL)
		return;
	r->retired = true;
	r->next = dns.retired;
	dns.retired = r;
	dns.now = NULL;
	wake(r);
}

void
dns_close(void)
{
	struct resolver *all;

	must(dns.first == NULL);
	(void)pthread_mutex_lock(&dns.lock);
	retire();
	all = take_retired(true);
	(void)pthread_mutex_unlock(&dns.lock);
	reap(all);
	dns.open = dns.broken = false;
	free(dns.anchors);
	dns.anchors = NULL;
	dns_file_close(&dns.system);
	dns_search_close();
	dns_hosts_forget();
}

/* Ask the servers that the system's file names by now. */
static void
follow_system(void)
{
	struct dns_servers servers;
	struct resolver *ended;

	if (!dns_file_changed(&dns.system))
		return;
	dns_servers_system(dns.system.path, &servers);
	(void)pthread_mutex_lock(&dns.lock);
	if (!dns_servers_equal(&servers, &dns.servers)) {
		dns.servers = servers;
		retire();
	}
	ended = take_retired(false);
	(void)pthread_mutex_unlock(&dns.lock);
	reap(ended);
}

static bool
askable(const char *name)
{
	return strlen(name) <= MOST_NAME &&
	    dns_valid_hostname(
		strncmp(name, "*.", 2) == 0 ? name + 2 : name, false);
}

/* Put a question into the queue.  The lock is held. */
static struct query *
enqueue(const struct dns_question *question, struct asker *asker)
{
	struct query *q = calloc(1, sizeof *q);

	if (q == NULL)
		fatal("out of memory");
	q->name = question->name;
	q->type = question->type;
	q->asker = asker;
	asker->left++;
	*dns.last = q;
	dns.last = &q->next;
	return q;
}

/* Wait until all is answered or it is too late.  The lock is held. */
static void
wait_for_answers(struct asker *asker, int64_t deadline)
{
	struct timespec ts;
	int64_t left, most = clock_shared() ? SHARED_MS : LONGEST_MS;

	while (asker->left > 0 && (left = deadline - clock_mono()) > 0) {
		if (left > most * CLOCK_MS)
			left = most * CLOCK_MS;
		(void)clock_gettime(CLOCK_MONOTONIC, &ts);
		left += ts.tv_nsec;
		ts.tv_sec += left / CLOCK_SECOND;
		ts.tv_nsec = left % CLOCK_SECOND;
		(void)pthread_cond_clockwait(
		    &asker->answered, &dns.lock, CLOCK_MONOTONIC, &ts);
	}
}

static void
unqueue(struct query *q)
{
	struct query **p = &dns.first;

	while (*p != q)
		p = &(*p)->next;
	*p = q->next;
	if (dns.last == &q->next)
		dns.last = p;
}

/* Let go of ${q}, whatever became of it; its result, which the caller frees,
 * or NULL if there is none.  The lock is held. */
static struct ub_result *
release(struct query *q)
{
	struct ub_result *result = NULL;

	switch (q->state) {
	case QUEUED:
		unqueue(q);
		break;
	case IN_FLIGHT:
		q->asker = NULL;
		/* If it cannot be cancelled, the pump has it in its hands. */
		if (ub_cancel(q->by->ctx, q->id) != 0)
			return NULL;
		if (--q->by->in_flight == 0 && q->by->retired)
			wake(q->by);
		break;
	case ANSWERED:
		if (q->error == 0)
			result = q->result;
		else
			ub_resolve_free(q->result);
		break;
	}
	free(q);
	return result;
}

/* The records of ${result}; malformed ones are left out. */
static void
take_records(enum dns_type type, const struct ub_result *result,
    struct arena *arena, struct dns_answer *answer)
{
	size_t most = type == DNS_PTR ? MOST_PTRS : MOST_RECORDS, n = 0;
	struct dns_record *records;

	while (n < most && result->data[n] != NULL)
		n++;
	records = arena_alloc(arena, (n + 1) * sizeof *records);
	for (size_t i = 0; i < n; i++) {
		const char *data = result->data[i];

		if (result->len[i] > 0 &&
		    dns_parse(type, (const unsigned char *)data,
			(size_t)result->len[i], arena, &records[answer->count]))
			answer->count++;
	}
	answer->records = records;
	answer->status = answer->count > 0 ? DNS_FOUND : DNS_INVALID;
}

/* The end of the CNAME chain, or NULL if it is not a host name. */
static const char *
canonical(const char *name, const char *canon, struct arena *arena)
{
	char *copy = arena_lower(arena, canon != NULL ? canon : name);
	size_t n = strlen(copy);

	if (n > 0 && copy[n - 1] == '.')
		copy[n - 1] = '\0';
	return askable(copy) ? copy : NULL;
}

static void
take_answer(struct dns_question *question, const struct ub_result *result,
    struct arena *arena)
{
	struct dns_answer *answer = &question->answer;

	if (result == NULL || result->bogus ||
	    (result->rcode != RCODE_OK && result->rcode != RCODE_NXDOMAIN))
		return;
	answer->secure = result->secure != 0;
	answer->ttl = result->ttl > 0 ? (uint32_t)result->ttl : 0;
	answer->canon = canonical(question->name, result->canonname, arena);
	if (answer->canon == NULL) {
		answer->canon = question->name;
		answer->status = DNS_INVALID;
	} else if (result->rcode == RCODE_NXDOMAIN) {
		answer->status = DNS_NXDOMAIN;
	} else if (!result->havedata) {
		answer->status = DNS_NODATA;
	} else {
		take_records(question->type, result, arena, answer);
	}
}

void
dns_ask_all(struct dns_question *questions, size_t n, int64_t deadline,
    struct arena *arena)
{
	struct asker asker = { .answered = PTHREAD_COND_INITIALIZER };
	struct query **queries = arena_alloc(arena, (n + 1) * sizeof(void *));
	struct ub_result **results =
	    arena_alloc(arena, (n + 1) * sizeof(void *));

	must(dns.open);
	follow_system();
	(void)pthread_mutex_lock(&dns.lock);
	begin();
	for (size_t i = 0; i < n; i++) {
		bool good = askable(questions[i].name);

		questions[i].answer = (struct dns_answer){
			.status = good ? DNS_RETRY : DNS_NXDOMAIN,
			.canon = questions[i].name,
		};
		if (good && dns.now != NULL)
			queries[i] = enqueue(&questions[i], &asker);
	}
	if (dns.now != NULL)
		send_queued();
	wait_for_answers(&asker, deadline);
	for (size_t i = 0; i < n; i++)
		if (queries[i] != NULL)
			results[i] = release(queries[i]);
	if (dns.now != NULL)
		send_queued();
	(void)pthread_mutex_unlock(&dns.lock);
	(void)pthread_cond_destroy(&asker.answered);
	for (size_t i = 0; i < n; i++) {
		take_answer(&questions[i], results[i], arena);
		ub_resolve_free(results[i]);
	}
}

void
dns_ask(const char *name, enum dns_type type, int64_t deadline,
    struct arena *arena, struct dns_answer *answer)
{
	struct dns_question question = { .name = name, .type = type };

	dns_ask_all(&question, 1, deadline, arena);
	*answer = question.answer;
}

void
dns_reverse(const struct net_addr *addr, char name[80])
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *o = addr->octets;
	char *p = name;

	if (addr->family == NET_IPV4) {
		(void)snprintf(name, 80, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2],
		    o[1], o[0]);
		return;
	}
	must(addr->family == NET_IPV6);
	for (int i = 15; i >= 0; i--) {
		*p++ = hex[o[i] & 15];
		*p++ = '.';
		*p++ = hex[o[i] >> 4];
		*p++ = '.';
	}
	memcpy(p, "ip6.arpa", sizeof "ip6.arpa");
}

/* dnsbl_health.c - see dnsbl_health.h.
 *
 * The lists are those that an administrator names, so they are few. */
#include "checks/dnsbl_health.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/dns.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/dnsbl_cache.h"

struct health {
	struct health *next;
	char *zone;
	bool by_name;
	bool suspended;
	bool lacking; /* the must-be-listed point; it has been said */
	int64_t due;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct health *all;
static void (*listener)(void *arg, const char *zone, const char *why);
static void *listener_arg;

const char *
dnsbl_health_point(const struct dnsbl_list *list, enum dnsbl_health_point point)
{
	if (list->by_name)
		return point == DNSBL_HEALTH_HAS ? "test" : "invalid";
	return point == DNSBL_HEALTH_HAS ? "2.0.0.127" : "1.0.0.127";
}

/* The same for people. */
static const char *
entry(const struct dnsbl_list *list, enum dnsbl_health_point point)
{
	if (list->by_name)
		return point == DNSBL_HEALTH_HAS ? "TEST" : "INVALID";
	return point == DNSBL_HEALTH_HAS ? "127.0.0.2" : "127.0.0.1";
}

bool
dnsbl_health_listing(const unsigned char octets[4])
{
	return octets[0] == 127 && !(octets[1] == 255 && octets[2] == 255);
}

/* With the lock. */
static struct health *
find(const struct dnsbl_list *list)
{
	struct health *h = all;

	while (h != NULL &&
	    (h->by_name != list->by_name ||
		strcasecmp(h->zone, list->zone) != 0))
		h = h->next;
	return h;
}

static struct health *
find_or_add(const struct dnsbl_list *list)
{
	struct health *h = find(list);

	if (h != NULL)
		return h;
	h = calloc(1, sizeof *h);
	if (h == NULL || (h->zone = strdup(list->zone)) == NULL)
		fatal("out of memory");
	h->by_name = list->by_name;
	h->due = INT64_MIN;
	h->next = all;
	all = h;
	return h;
}

bool
dnsbl_health_suspended(const struct dnsbl_list *list)
{
	const struct health *h;
	bool suspended;

	(void)pthread_mutex_lock(&lock);
	h = find(list);
	suspended = h != NULL && h->suspended;
	(void)pthread_mutex_unlock(&lock);
	return suspended;
}

bool
dnsbl_health_resting(const struct dnsbl_list *list, int64_t now)
{
	const struct health *h;
	bool resting;

	(void)pthread_mutex_lock(&lock);
	h = find(list);
	resting = h != NULL && h->suspended && h->due > now;
	(void)pthread_mutex_unlock(&lock);
	return resting;
}

bool
dnsbl_health_due(
    const struct dnsbl_list *list, const struct dnsbl_health_times *times)
{
	struct health *h;
	bool due;

	(void)pthread_mutex_lock(&lock);
	h = find_or_add(list);
	due = h->due <= times->now;
	if (due)
		h->due = times->now + times->suspend;
	(void)pthread_mutex_unlock(&lock);
	return due;
}

/* The list is suspended because of ${why}, or, if that is empty, works. */
static void
settle(const struct dnsbl_list *list, const struct dnsbl_health_times *times,
    const struct event_by *by, const char *why)
{
	bool bad = why[0] != '\0', changed;
	struct health *h;

	(void)pthread_mutex_lock(&lock);
	h = find_or_add(list);
	changed = h->suspended != bad;
	h->suspended = bad;
	h->due = times->now + (bad ? times->suspend : times->interval);
	(void)pthread_mutex_unlock(&lock);
	if (!changed)
		return;
	/* What it has said so far means as little. */
	if (bad)
		dnsbl_cache_flush();
	if (bad)
		event_warning(by,
		    "DNS list %s is suspended: %s; nothing is taken to be "
		    "listed there until it is tested again",
		    list->zone, why);
	else
		event_info(by, "DNS list %s works again", list->zone);
	if (listener != NULL)
		listener(listener_arg, list->zone, bad ? why : NULL);
}

/* Said once. */
static void
report_lack(
    const struct dnsbl_list *list, const struct event_by *by, bool lacking)
{
	struct health *h;
	bool say;

	(void)pthread_mutex_lock(&lock);
	h = find_or_add(list);
	say = lacking && !h->lacking;
	h->lacking = lacking;
	(void)pthread_mutex_unlock(&lock);
	if (say)
		event_info(by,
		    "DNS list %s does not have the test entry %s; it is used "
		    "all the same",
		    list->zone, entry(list, DNSBL_HEALTH_HAS));
}

/* An answer that is no listing: its octets, or NULL. */
static const unsigned char *
find_error(const struct dns_answer *answer)
{
	for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count;
	     i++)
		if (!dnsbl_health_listing(answer->records[i].octets))
			return answer->records[i].octets;
	return NULL;
}

static bool
is_known(const struct dns_answer *answer)
{
	return answer->status == DNS_FOUND || answer->status == DNS_NXDOMAIN ||
	    answer->status == DNS_NODATA;
}

void
dnsbl_health_judge(const struct dnsbl_list *list,
    const struct dnsbl_health_times *times, const struct event_by *by,
    const struct dns_answer *has, const struct dns_answer *lacks)
{
	const unsigned char *o = find_error(lacks);
	const char *what = entry(list, DNSBL_HEALTH_LACKS);
	char why[100] = "";

	if (o == NULL && lacks->status == DNS_FOUND)
		(void)snprintf(why, sizeof why, "it lists %s", what);
	if (o == NULL && why[0] == '\0') {
		o = find_error(has);
		what = entry(list, DNSBL_HEALTH_HAS);
	}
	if (o != NULL)
		(void)snprintf(why, sizeof why,
		    "it answers %u.%u.%u.%u, an error, for %s", o[0], o[1],
		    o[2], o[3], what);
	if (why[0] == '\0' && (!is_known(has) || !is_known(lacks)))
		return;
	settle(list, times, by, why);
	if (why[0] == '\0')
		report_lack(list, by, has->status != DNS_FOUND);
}

void
dnsbl_health_blame(const struct dnsbl_list *list,
    const struct dnsbl_health_times *times, const struct event_by *by,
    const unsigned char octets[4])
{
	char why[100];

	(void)snprintf(why, sizeof why, "it answers %u.%u.%u.%u, an error",
	    octets[0], octets[1], octets[2], octets[3]);
	settle(list, times, by, why);
}

void
dnsbl_health_listen(
    void (*fn)(void *arg, const char *zone, const char *why), void *arg)
{
	(void)pthread_mutex_lock(&lock);
	listener = fn;
	listener_arg = arg;
	(void)pthread_mutex_unlock(&lock);
}

void
dnsbl_health_forget(void)
{
	struct health *h;

	(void)pthread_mutex_lock(&lock);
	while ((h = all) != NULL) {
		all = h->next;
		free(h->zone);
		free(h);
	}
	(void)pthread_mutex_unlock(&lock);
}

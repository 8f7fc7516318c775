/* dnsbl_health.h - which DNS lists are broken, and say yes to everything; known
 * to all sessions of the process (RFC 5782, 5). */
#ifndef CHECKS_DNSBL_HEALTH_H
#define CHECKS_DNSBL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct dns_answer;
struct event_by;

/* A list is one of addresses or one of names; that has its own test points. */
struct dnsbl_list {
	const char *zone;
	bool by_name;
};

/* When lists are tested: durations in nanoseconds. */
struct dnsbl_health_times {
	int64_t now;      /* mono */
	int64_t interval; /* between two tests */
	int64_t suspend;  /* before a broken list is tried again */
};

/* The points of a list: what it must have, and what it must not. */
enum dnsbl_health_point { DNSBL_HEALTH_HAS, DNSBL_HEALTH_LACKS };
const char *dnsbl_health_point(
    const struct dnsbl_list *list, enum dnsbl_health_point point);

/* dnsbl_health_listing(octets): an A record means that something is listed:
 * 127.0.0.0/8 without 127.255.255.0/24, where lists tell of errors. */
bool dnsbl_health_listing(const unsigned char octets[4]);

/* dnsbl_health_suspended(list): it is broken, and its answers mean nothing. */
bool dnsbl_health_suspended(const struct dnsbl_list *list);

/* dnsbl_health_resting(list, now): it is, and it is not yet time to ask it
 * again. */
bool dnsbl_health_resting(const struct dnsbl_list *list, int64_t now);

/*
 * dnsbl_health_due(list, times):
 * It is time to test the list, and the caller is the one to do so: to ask for
 * both points in it and to call dnsbl_health_judge() with the answers, which
 * says in the log, by ${by}, what has changed.  A list is suspended only on
 * evidence; one that could not be asked stays what it was.
 */
bool dnsbl_health_due(
    const struct dnsbl_list *list, const struct dnsbl_health_times *times);
void dnsbl_health_judge(const struct dnsbl_list *list,
    const struct dnsbl_health_times *times, const struct event_by *by,
    const struct dns_answer *has, const struct dns_answer *lacks);

/* dnsbl_health_blame(list, times, by, octets): a question was answered with
 * what is no listing, but an error. */
void dnsbl_health_blame(const struct dnsbl_list *list,
    const struct dnsbl_health_times *times, const struct event_by *by,
    const unsigned char octets[4]);

/* dnsbl_health_listen(fn, arg): ${fn} is told of each list that is suspended
 * from now on, and why; a NULL ${why}: it is asked again.  On the thread that
 * has found out.  To be called before threads are started, or after. */
void dnsbl_health_listen(
    void (*fn)(void *arg, const char *zone, const char *why), void *arg);

/* dnsbl_health_forget(): all lists, as at the start. */
void dnsbl_health_forget(void);

#endif

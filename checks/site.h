/* site.h - what the configuration says that checks need to know. */
#ifndef CHECKS_SITE_H
#define CHECKS_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/answer.h"
#include "checks/checks_params.h"

struct arena;
struct conf;
struct err;
struct match;
struct net_addr;
struct own;
struct route;
struct table_list;

/* Immutable once open; any thread. */
struct site {
	struct arena *arena;
	struct checks_params params;
	struct route *route; /* the caller's */
	struct match *mynetworks, *mx_backup_networks;
	struct match *greylist_clients, *greylist_domains,
	    *greylist_recipients;       /* exempt */
	struct match *reputation_traps; /* recipients */
	struct table_list *relay_clientcerts, *rbl_reply_maps,
	    *sender_login_maps, *dns_reply_filter, *reject_filter_maps,
	    *reject_footer_maps, *spf_actions;
	const char *expansion_filter; /* its escapes replaced */
	const char *delimiters;       /* recipient_delimiter */
	const char *myhostname, *mail_version, *compatibility_level;
	const char *proxy_filter; /* before the queue; "": none */
	bool broken;              /* a parameter has a mistake */
	bool parent_domains;      /* access tables: "example.com" is asked for
				     * what is below it, not ".example.com" */
	struct own *own;          /* our own addresses */
	/* What could not be asked for makes of a mail. */
	enum answer_kind helo_tempfail, address_tempfail,
	    unverified_sender_tempfail, unverified_recipient_tempfail;
	/* Of a restriction whose memory is away: DUNNO or REJECT. */
	enum answer_kind greylist_away, rate_limit_away;
};

/*
 * site_open(conf, route, err):
 * Read what checks need.  ${route} stays the caller's and must outlive it.
 * Never NULL: mistakes are gathered in ${err}, "file:line: text" per line, and
 * what they concern takes its default or answers "could not ask".
 */
struct site *site_open(struct conf *conf, struct route *route, struct err *err);
void site_close(struct site *site);

/* site_complain(err, file, line, format, ...): add a line to ${err};
 * a NULL ${file}: a built-in default. */
void site_complain(struct err *err, const char *file, unsigned line,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* site_blocks(site): one of its tables is not to be asked by a loop. */
bool site_blocks(const struct site *site);

/* site_memory_blocks(site): the same of the tables that restrictions with
 * memory ask first. */
bool site_memory_blocks(const struct site *site);

/* site_reply_blocks(site): the same of the tables that a reply is looked up
 * in: smtpd_reject_filter_maps, smtpd_reject_footer_maps. */
bool site_reply_blocks(const struct site *site);

/* site_owns(site, addr): it is one of our own addresses. */
bool site_owns(const struct site *site, const struct net_addr *addr);

/* site_number(site, name): the value of a reply code parameter that a module
 * below names (route_known()). */
int site_number(const struct site *site, const char *name);

#endif

/* smtp_service.h - one smtpd, lmtpd or pickup service of master.cf: its view of the
 * configuration, its rules, routes, lists and keys. */
#ifndef PROXY_SMTP_SERVICE_H
#define PROXY_SMTP_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/full_name.h"
#include "proxy/message_rules.h"
#include "proxy/proxy_params.h"
#include "queue/transcript_notice.h"

struct arena;
struct conf;
struct err;
struct filter_setting_all;
struct local_clients;
struct master_service;
struct match;
struct milter_setting_all;
struct route;
struct rules;
struct table_list;
struct table_list;
struct tls_server;

/* What EHLO may announce, and smtpd_discard_ehlo_keywords takes away. */
enum smtp_service_keyword {
	SMTP_SERVICE_PIPELINING = 1 << 0,
	SMTP_SERVICE_SIZE = 1 << 1,
	SMTP_SERVICE_VRFY = 1 << 2,
	SMTP_SERVICE_ETRN = 1 << 3,
	SMTP_SERVICE_STARTTLS = 1 << 4,
	SMTP_SERVICE_XCLIENT = 1 << 5,
	SMTP_SERVICE_XFORWARD = 1 << 6,
	SMTP_SERVICE_ENHANCEDSTATUSCODES = 1 << 7,
	SMTP_SERVICE_8BITMIME = 1 << 8,
	SMTP_SERVICE_DSN = 1 << 9,
	SMTP_SERVICE_SMTPUTF8 = 1 << 10,
	SMTP_SERVICE_PRDR = 1 << 11,
	SMTP_SERVICE_CHUNKING = 1 << 12,
	SMTP_SERVICE_AUTH = 1 << 13,   /* not offered yet */
	SMTP_SERVICE_SILENT = 1 << 14, /* nothing is logged of the others */
	SMTP_SERVICE_VERP = 1 << 15,
};

/* smtpd_forbid_bare_newline */
enum smtp_service_newline {
	SMTP_SERVICE_NEWLINE_ANY,       /* no */
	SMTP_SERVICE_NEWLINE_NOTE,      /* any, and log it */
	SMTP_SERVICE_NEWLINE_NORMALIZE, /* yes */
	SMTP_SERVICE_NEWLINE_REJECT,
};

/* Immutable once open; any thread. */
struct smtp_service {
	const struct master_service *master;
	bool lmtp;            /* RFC 2033 */
	bool upstream;        /* clients come through a proxy */
	const char *program;  /* in log lines: "smtpd", "lmtpd" */
	const char *protocol; /* of a client that has not greeted */
	struct conf *conf;    /* the service's view */
	struct arena *arena;
	struct proxy_params calm, stressed; /* without and with stress=yes */
	struct route *route;
	struct rules *rules;
	const char *myhostname, *mail_name, *banner, *syslog_name;
	const char *delimiters; /* recipient_delimiter */
	bool detects_utf8;      /* as smtputf8_autodetect_classes says */

	struct match *mynetworks;
	struct match *xclient, *xforward;    /* who may say so */
	struct match *verp;                  /* likewise */
	struct match *newline_exclusions;    /* of smtpd_forbid_bare_newline */
	struct match *limit_exceptions;      /* of the limits on connections */
	struct match *noop, *forbidden;      /* commands */
	struct match *flush;                 /* fast_flush_domains */
	struct match *submitters;            /* authorized_submit_users */
	struct table_list *login_senders;    /* local_login_sender_maps */
	struct local_clients *local_clients; /* whose mail is completed */
	bool lists_block;   /* one of those by client may block */
	bool replies_block; /* the tables that replies are looked up in may */

	struct transcript_site told; /* of sessions that go wrong */
	bool local;         /* for users of this machine (submitter.h) */
	bool internal;      /* ... or rather for mail of our own */
	unsigned keywords;  /* what EHLO may announce, but for these: */
	unsigned discarded; /* smtpd_discard_ehlo_keywords */
	/* ... and in its place, by client address. */
	struct table_list *discard_maps;
	struct table_list *command_filter; /* NULL: none */
	enum full_name_format from_format; /* header_from_format */
	enum smtp_service_newline newline;
	bool tls_must;          /* nothing of value without TLS */
	struct tls_server *tls; /* NULL: no TLS */
	bool no_address_mappings, no_milters;
	bool original_recipients; /* enable_original_recipient */
	struct message_rules content;
	struct milter_setting_all *milters; /* NULL: none for anybody */
	struct filter_setting_all *filters; /* before the queue; NULL: none */
	bool verbatim; /* a filter gets messages as they came, and all that
			* is done to content is done behind it */
	int most_busy; /* maxproc; 0: no limit */
};

/* The service for mail of our own (notice_look.h), which is in no master.cf. */
extern const struct master_service smtp_service_internal;

/* smtp_service_is(master): it is one: smtpd or lmtpd, on ports or on a Unix
 * socket, or pickup, on a Unix socket. */
bool smtp_service_is(const struct master_service *master);

/*
 * smtp_service_open(master, conf, strict, err):
 * Read everything that ${master} needs from its view of ${conf}.  Mistakes are
 * gathered in ${err}, "file:line: text" per line.  NULL: cannot be served, or
 * ${strict} and there is a mistake.  Both arguments must outlive it.
 */
struct smtp_service *smtp_service_open(const struct master_service *master,
    struct conf *conf, bool strict, struct err *err);
void smtp_service_close(struct smtp_service *service);

#endif

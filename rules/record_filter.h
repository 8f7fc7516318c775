/* record_filter.h - records of DNS answers that the admin does not want to be used:
 * smtpd_dns_reply_filter and those of other programs. */
#ifndef RULES_RECORD_FILTER_H
#define RULES_RECORD_FILTER_H

#include "base/dns.h"

struct arena;
struct event_by;
struct table_list;
struct world;

enum record_filter {
	RECORD_FILTER_KEPT, /* at least one record, or there was none before */
	RECORD_FILTER_GONE, /* all are to be ignored */
	/* A table cannot be asked, or says what is not understood; the log
	 * says so. */
	RECORD_FILTER_FAILED,
};

/* record_filter(tables, world, arena, by, question): ask ${tables} (NULL: none) about
 * each record of the answer to ${question}, in the form of a zone file, and leave
 * out what is to be ignored, which ${by} says in the log.  May block. */
enum record_filter record_filter(const struct table_list *tables,
    struct world *world, struct arena *arena, const struct event_by *by,
    struct dns_question *question);

/* record_filter_type(type): "MX". */
const char *record_filter_type(enum dns_type type);

/* record_filter_reason(result): why there is no record, as Postfix puts it, of
 * GONE or FAILED. */
const char *record_filter_reason(enum record_filter result);

#endif

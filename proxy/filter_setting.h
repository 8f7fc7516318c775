/* filter_setting.h - which content filters the messages of a service pass
 * before they are taken: smtpd_proxy_filter, or weir_proxy_filters. */
#ifndef PROXY_FILTER_SETTING_H
#define PROXY_FILTER_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct conf;
struct err;
struct proxy_params;

/* What becomes of a message when its filter is down, too slow or makes no
 * sense. */
enum filter_setting_failure {
	FILTER_SETTING_TEMPFAIL, /* the client is told to try again */
	FILTER_SETTING_ACCEPT,   /* as if the filter had passed it */
	FILTER_SETTING_OVERFLOW, /* it is queued, for content_filter */
	FILTER_SETTING_HOLD,     /* it is queued, for this filter */
};

struct filter_setting {
	const char *name;     /* as configured, for the log */
	const char *endpoint; /* for dial_open(); NULL: it is malformed */
	int64_t timeout;      /* of an answer; in a chain, of it all */
	enum filter_setting_failure on_failure;
};

/* Immutable; in the arena it was read into. */
struct filter_setting_all {
	struct filter_setting *list; /* in turn */
	size_t count;
	const char *ehlo; /* what we are called */
	bool
	    spools; /* a message is received as a whole before a filter sees it */
	bool chain;     /* weir_proxy_filters; otherwise there is one filter */
	int64_t budget; /* of a chain, for one message */
};

/*
 * filter_setting_read(params, conf, arena, err):
 * What ${params} say; a list without a filter if they say something that
 * cannot be, with the reason in ${err}, as no mail may pass without a filter by
 * mistake.  NULL: mail needs no filter.  Relative paths are below the
 * queue_directory of ${conf}.
 */
struct filter_setting_all *
filter_setting_read(const struct proxy_params *params, struct conf *conf,
    struct arena *arena, struct err *err);

/* filter_setting_rest(all, i): the time that filter number ${i} and those
 * behind it, to which it passes messages on, have together. */
int64_t filter_setting_rest(const struct filter_setting_all *all, size_t i);

#endif

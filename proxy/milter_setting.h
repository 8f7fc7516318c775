/* milter_setting.h - which milters are asked, and how: smtpd_milters and the
 * milter_ parameters of a service. */
#ifndef PROXY_MILTER_SETTING_H
#define PROXY_MILTER_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct conf;
struct err;
struct proxy_params;
struct table_list;

/* What becomes of mail when a milter fails (milter_default_action). */
enum milter_setting_action {
	MILTER_SETTING_ACCEPT,
	MILTER_SETTING_REJECT,
	MILTER_SETTING_TEMPFAIL,
	MILTER_SETTING_QUARANTINE,
	MILTER_SETTING_SHUTDOWN,
};

/* One milter. */
struct milter_setting {
	const char *name;     /* as in the log: "inet:127.0.0.1:8891" */
	const char *endpoint; /* as dial_open() wants it */
	int64_t connect_timeout, command_timeout, content_timeout;
	uint32_t version; /* of the protocol, at most */
	uint32_t steps;   /* SMFIP_* that it is offered */
	enum milter_setting_action action;
};

struct milter_setting_list {
	struct milter_setting *items;
	size_t count;
	bool bad; /* a mistake is in it: mail waits until it is mended */
};

/* The stages that macros are told at; the first seven are those of libmilter
 * (SMFIM_CONNECT ...). */
enum milter_setting_stage {
	MILTER_SETTING_CONNECT,
	MILTER_SETTING_HELO,
	MILTER_SETTING_MAIL,
	MILTER_SETTING_RCPT,
	MILTER_SETTING_DATA,
	MILTER_SETTING_END,
	MILTER_SETTING_HEADERS,
	MILTER_SETTING_UNKNOWN,
	MILTER_SETTING_STAGES,
};

/* What a service has of it.  Immutable once open; any thread. */
struct milter_setting_all {
	const char *name; /* smtpd_milters or non_smtpd_milters: */
	struct milter_setting_list list;
	struct table_list *maps;          /* smtpd_milter_maps */
	struct table_list *header_checks; /* NULL: none */
	const char *macros[MILTER_SETTING_STAGES];
	const char **defaults;       /* name, value ...; NULL */
	const char *queue_directory; /* where unix:name is */
	const struct proxy_params *params;
};

/*
 * milter_setting_open(params, name, conf, arena, err):
 * Read them; mistakes are gathered in ${err}, one per line.  ${name} is the
 * parameter that smtpd_milters has its value from.  Never NULL.  ${params},
 * ${name} and ${arena} must outlive it.
 */
struct milter_setting_all *
milter_setting_open(const struct proxy_params *params, const char *name,
    struct conf *conf, struct arena *arena, struct err *err);
void milter_setting_close(struct milter_setting_all *all);

/* milter_setting_parse(all, text, arena, list, err): a list of milters, in
 * ${arena}.  Mistakes are in ${err}, and make it list->bad. */
void
milter_setting_parse(const struct milter_setting_all *all, const char *text,
    struct arena *arena, struct milter_setting_list *list, struct err *err);

/* milter_setting_descriptors(all): how many a session may need for it. */
size_t milter_setting_descriptors(const struct milter_setting_all *all);

/* milter_setting_idle(all): no client has a milter. */
bool milter_setting_idle(const struct milter_setting_all *all);

#endif

/* message_rules.h - what the content of each message of a service goes
 * through: checks, octets and headers that are left out. */
#ifndef PROXY_MESSAGE_RULES_H
#define PROXY_MESSAGE_RULES_H

#include <stdbool.h>

struct arena;
struct attachment_checks;
struct class_content_all;
struct conf;
struct content_lists;
struct err;
struct proxy_params;
struct route;
struct text_checks;

/* Immutable once open; any thread. */
struct message_rules {
	bool unchecked; /* no_header_body_checks; set before it is opened */
	bool idle;      /* nothing for ${checks}: no stage is needed */
	bool blocks;    /* a check may block */
	struct content_lists *checks;          /* NULL: unchecked */
	struct text_checks *text;              /* NULL: there are none */
	struct attachment_checks *attachments; /* likewise */
	struct class_content_all *classes;     /* likewise */
	unsigned char *strip, *reject; /* [256]: octets of messages; or NULL */
	const char *const *drop;       /* header names; ended by NULL */
	struct route *route;           /* rewrites headers; NULL: they stay */
	bool maps; /* also by canonical maps and masquerading */
};

/* Those of a message that is stored or passed on as it came. */
extern const struct message_rules message_rules_none;

/* message_rules_open(rules, conf, params, arena, err): from a service's view of
 * the configuration.  Mistakes are in ${err}, one a line; the rules are usable
 * all the same.  What they need lives in ${arena}. */
void message_rules_open(struct message_rules *rules, struct conf *conf,
    const struct proxy_params *params, struct arena *arena, struct err *err);
void message_rules_close(struct message_rules *rules);

#endif

/* message_rules.h - what the content of each message of a service goes
 * through: checks, octets and headers that are left out. */
#ifndef PROXY_MESSAGE_RULES_H
#define PROXY_MESSAGE_RULES_H

#include <stdbool.h>

#include "classes/content_stack.h"

struct arena;
struct conf;
struct err;
struct proxy_params;
struct route;

/* What becomes of a message whose headers end with a line of text: the values of
 * non_empty_end_of_header_action. */
enum message_no_end {
	MESSAGE_NO_END_FIX,
	MESSAGE_NO_END_HEADER,
	MESSAGE_NO_END_REJECT,
};

/* Immutable once open; any thread. */
struct message_rules {
	bool unchecked; /* no_header_body_checks; set before it is opened */
	struct content_tables tables;
	unsigned char *strip, *reject; /* [256]: octets of messages; or NULL */
	const char *const *drop;       /* header names; ended by NULL */
	enum message_no_end no_end;
	struct route *route; /* rewrites headers; NULL: they stay */
	bool maps;           /* also by canonical maps and masquerading */
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

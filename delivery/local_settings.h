/* local_settings.h - what main.cf says to the local agent, understood. */
#ifndef DELIVERY_LOCAL_SETTINGS_H
#define DELIVERY_LOCAL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct table_list;
struct transport;

/* Where a target is written. */
enum local_place {
	LOCAL_ALIAS = 1,
	LOCAL_FORWARD = 2,
	LOCAL_INCLUDE = 4,
};

/* What gets a Delivered-To: header. */
enum local_delivered {
	LOCAL_DELIVERED_COMMAND = 1,
	LOCAL_DELIVERED_FILE = 2,
	LOCAL_DELIVERED_FORWARD = 4,
};

/* Of one transport; immutable. */
struct local_settings {
	const char *delimiters;              /* recipient_delimiter */
	const char *directory;               /* queue_directory */
	bool owners;                         /* owner_request_special */
	unsigned commands, files, propagate; /* enum local_place */
	unsigned delivered;                  /* enum local_delivered */
	unsigned locks;                      /* enum mailbox_lock */
	bool long_qids;
	size_t hops; /* hopcount_limit */
	struct table_list *aliases, *command_maps, *transport_maps,
	    *fallback_maps;
};

/* local_settings_open(t, arena, err): NULL: a parameter makes no sense.  What
 * is wrong with single tables stands in ${err}, too. */
struct local_settings *
local_settings_open(struct transport *t, struct arena *arena, struct err *err);
void local_settings_close(struct local_settings *s);

#endif

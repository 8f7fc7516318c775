/* smtp_generic.h - smtp_generic_maps, lmtp_generic_maps: addresses that only we
 * know are others on their way out (generic(5)). */
#ifndef DELIVERY_SMTP_GENERIC_H
#define DELIVERY_SMTP_GENERIC_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/table.h"

struct arena;
struct delivery;
struct smtp_client;
struct smtp_why;

/* The addresses of the envelope, in internal form, as the server gets them. */
struct smtp_names {
	const char *sender;
	const char **rcpts; /* by their index in the job */
};

/* smtp_generic_names(client, delivery, names, why): find them all out, in the
 * delivery's arena.  False, and ${why}: a table could not be asked.  May block.
 */
bool smtp_generic_names(const struct smtp_client *client,
    const struct delivery *delivery, struct smtp_names *names,
    struct smtp_why *why);

/* smtp_generic_header(client, delivery, arena, text, result): the header
 * "Name: value", "\n" between its lines, as in header_addresses_rewrite(). */
enum table_status smtp_generic_header(const struct smtp_client *client,
    const struct delivery *delivery, struct arena *arena, const char *text,
    const char **result);

#endif

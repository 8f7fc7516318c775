/* smtp_data.h - a message, as it follows the 354 of a server (RFC 5321, 4.5.2). */
#ifndef DELIVERY_SMTP_DATA_H
#define DELIVERY_SMTP_DATA_H

#include <stdbool.h>

struct arena;
struct delivery;
struct smtp_session;
struct smtp_why;

/*
 * smtp_data_send(d, s, arena, why):
 * Send header and body, edited and encoded, and the end of the data, without
 * waiting for more than room; all of a small message goes out with the next flush.
 * False, and ${why}: the connection is lost; or the message could not be read,
 * checked or converted, and the session is broken before the end, so that the
 * server cannot take a part for the whole.
 */
bool smtp_data_send(struct delivery *d, struct smtp_session *s,
    struct arena *arena, struct smtp_why *why);

#endif

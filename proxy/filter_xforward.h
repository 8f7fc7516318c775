/* filter_xforward.h - tell a content filter who the client is, as the SMTP
 * server of Postfix does. */
#ifndef PROXY_FILTER_XFORWARD_H
#define PROXY_FILTER_XFORWARD_H

struct buf;
struct filter_peer_client;

/* filter_xforward_print(client, offered, out): append the commands, a "\n"
 * behind each, that tell what the filter wants to know: ${offered}, from its
 * line of the EHLO reply (" NAME ADDR ...").  A command is no longer than 512
 * octets, unless one value alone is. */
void filter_xforward_print(const struct filter_peer_client *client,
    const char *offered, struct buf *out);

#endif

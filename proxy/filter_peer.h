/* filter_peer.h - one conversation with a content filter, which is an SMTP
 * server, about one message.  For workers: all but filter_peer_free() may
 * block, for as long as the filter has time. */
#ifndef PROXY_FILTER_PEER_H
#define PROXY_FILTER_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_by;
struct filter_peer;
struct filter_setting;

/* What an answer must begin with. */
enum filter_peer_want {
	FILTER_PEER_OK = '2',
	FILTER_PEER_MORE = '3',
};

enum filter_peer_result {
	FILTER_PEER_DONE,
	FILTER_PEER_REFUSED, /* it said something else: filter_peer_reply() */
	FILTER_PEER_BROKEN,  /* not reached, too slow, gone, or not SMTP: the
			      * conversation is over */
};

/* Who the client is, for XFORWARD; NULL: unknown. */
struct filter_peer_client {
	const char *name, *addr, *port, *helo, *ident, *protocol, *source;
};

/*
 * filter_peer_new(filter, by, end):
 * Nothing is done yet.  Each step has the filter's time, but not beyond ${end}
 * (clock_mono()); the answer to the message has until ${end}, unless that is
 * INT64_MAX.  Warnings are ${by}'s.  What is given must outlive it.
 */
struct filter_peer *filter_peer_new(const struct filter_setting *filter,
    const struct event_by *by, int64_t end) __attribute__((returns_nonnull));

/* filter_peer_free(peer): hang up, with QUIT if that can be understood; does
 * not block; NULL is allowed. */
void filter_peer_free(struct filter_peer *peer);

/* filter_peer_greet(peer, ehlo, client): connect, and say who we and the client
 * are.  Never FILTER_PEER_REFUSED: a filter must not. */
enum filter_peer_result filter_peer_greet(struct filter_peer *peer,
    const char *ehlo, const struct filter_peer_client *client);

/* filter_peer_ask(peer, want, line): one command, and its answer; a refusal is
 * warned about.  "DATA" begins the message. */
enum filter_peer_result filter_peer_ask(
    struct filter_peer *peer, enum filter_peer_want want, const char *line);

/* filter_peer_put(peer, data, n): a part of the message, encoded.  If it cannot
 * be written, filter_peer_end() says so. */
void filter_peer_put(struct filter_peer *peer, const char *data, size_t n);

/* filter_peer_end(peer): the dot, and the answer to it. */
enum filter_peer_result filter_peer_end(struct filter_peer *peer);

/* filter_peer_trouble(peer): why the conversation broke, as it was warned about;
 * "" if that was not. */
const char *filter_peer_trouble(struct filter_peer *peer);

/* filter_peer_reply(peer): the last answer, for reply_put(); if there is none,
 * what the client is to be told instead.  filter_peer_said(peer): the same, as
 * it is logged.  Until the next call. */
const char *filter_peer_reply(struct filter_peer *peer);
const char *filter_peer_said(struct filter_peer *peer);

#endif

/* milter_peer.h - the conversation with one milter, for one SMTP session.
 * Every call but milter_peer_abort() and milter_peer_free() may block, within
 * the milter's time limits. */
#ifndef PROXY_MILTER_PEER_H
#define PROXY_MILTER_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/milter_setting.h"

struct arena;
struct buf;
struct event_by;
struct milter_edit_list;
struct milter_peer;

/* What a milter wants.  Zero: go on. */
struct milter_answer {
	struct arena *arena; /* set by who asks: texts live there */
	const char *reply;   /* "550 5.7.1 text", perhaps of several lines with
			    * <CR><LF> between them: refuse it with this.  NULL:
			    * do not. */
	bool discard;        /* say yes, and forget the message */
	bool hold;           /* put it on hold; others are asked all the same */
	const char *why;     /* ... because; or NULL */
	const char *who;     /* the name of the milter whose reply it is */
};

/* milter_peer_new(setting, arena, by): not yet connected.  What it says for the
 * whole session lives in ${arena}; ${by} is who logs.  All three outlive it. */
struct milter_peer *milter_peer_new(const struct milter_setting *setting,
    struct arena *arena, const struct event_by *by);

/* milter_peer_free(peer): say good-bye, without waiting for anything. */
void milter_peer_free(struct milter_peer *peer);

/* milter_peer_open(peer): connect, and agree about the protocol.  After a
 * failure, which is logged, it answers with its default action. */
void milter_peer_open(struct milter_peer *peer);

/* milter_peer_hears(peer, command): the event would be sent to it.
 * milter_peer_hears_refused(): also of recipients that are refused. */
bool milter_peer_hears(const struct milter_peer *peer, char command);
bool milter_peer_hears_refused(const struct milter_peer *peer);
/* milter_peer_hears_macros(peer, command): the macros of the event would be sent
 * to it, as they are with those commands that it does not want to hear of. */
bool milter_peer_hears_macros(const struct milter_peer *peer, char command);

/* milter_peer_spaces(peer): values of headers have their leading blank. */
bool milter_peer_spaces(const struct milter_peer *peer);

/* milter_peer_macros(peer, stage): the macros that it wants to be told, or
 * NULL: those that the configuration says. */
const char *milter_peer_macros(
    const struct milter_peer *peer, enum milter_setting_stage stage);

/* milter_peer_stage(command): the stage of an event. */
enum milter_setting_stage milter_peer_stage(char command);

/*
 * milter_peer_tell(peer, command, macros, data, edits, answer):
 * Tell it of an event (SMFIC_*), with macros (names and values, each with its
 * NUL) and the data of the packet, and wait for the answer, if it gives one to
 * this.  If it does not hear such events, the answer is what it has said for
 * good, or to go on.  ${edits}: what it wants to change, at SMFIC_BODYEOB; NULL
 * for other events.
 */
void milter_peer_tell(struct milter_peer *peer, char command,
    const struct buf *macros, const struct buf *data,
    struct milter_edit_list *edits, struct milter_answer *answer);

/* milter_peer_standing(peer, answer): what it has said for good about this
 * connection; false: nothing. */
bool milter_peer_standing(
    const struct milter_peer *peer, struct milter_answer *answer);

/* milter_peer_failed(peer): it has failed, or has refused for good: what it said
 * before is not to be relied upon. */
bool milter_peer_failed(const struct milter_peer *peer);

/* milter_peer_abort(peer): the message it was told of is over, or will not
 * come. */
void milter_peer_abort(struct milter_peer *peer);

#endif

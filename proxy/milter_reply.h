/* milter_reply.h - SMTP replies in the words of a milter. */
#ifndef PROXY_MILTER_REPLY_H
#define PROXY_MILTER_REPLY_H

struct arena;

#define MILTER_REPLY_SHUTDOWN "421 4.7.0 Server closing connection"

/*
 * milter_reply_parse(arena, text):
 * What smfi_setreply() and smfi_setmlreply() send: "550 5.7.1 text", or several
 * lines of that form with <CR><LF> between them, in which "%%" is a percent
 * sign.  The lines, in ${arena}.  NULL: no reply of 4xx or 5xx, or lines that
 * do not agree.
 */
const char *milter_reply_parse(struct arena *arena, const char *text);

/* milter_reply_print(arena, reply): the same as session_reply() wants it: the
 * code once, "\n" between the lines. */
const char *milter_reply_print(struct arena *arena, const char *reply);

#endif

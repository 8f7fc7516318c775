/* session_message.h - a message in a session that is only played (rehearsal.h): its
 * content goes through the content checks, those of its recipients' classes too. */
#ifndef WEIR_SESSION_MESSAGE_H
#define WEIR_SESSION_MESSAGE_H

#include <stdbool.h>

struct conf;
struct content_note;
struct err;
struct session_message;
struct subject;
struct trace;

struct session_message *session_message_new(void);
void session_message_free(struct session_message *m);

/* session_message_begin(m): MAIL, or RSET: there are no recipients.
 * session_message_rcpt(m, address, classes): one was accepted, and has come to
 * ${classes} (class_names.h).  session_message_data(m, classes): all have. */
void session_message_begin(struct session_message *m);
void session_message_rcpt(
    struct session_message *m, const char *address, const char *classes);
void session_message_data(struct session_message *m, const char *classes);

/* session_message_run(m, conf, subject, path, soft_bounce, err): the content is that
 * of the file ${path}.  -1 and why: it cannot be read, or there is no recipient. */
int session_message_run(struct session_message *m, struct conf *conf,
    const struct subject *subject, const char *path, bool soft_bounce,
    struct err *err);

/* What was said: "550 5.7.1 no", or "" if it is taken; a recipient may also have
 * "HOLD", "DISCARD" and "REDIRECT user@domain".  It lives until the next message
 * or transaction. */
struct session_message_reply {
	const char *text;
	const struct content_note *note; /* that led to it; or NULL */
};

/* session_message_reply(m): to the client.  session_message_reply_of(m, address,
 * reply): of one recipient; false: it is none. */
struct session_message_reply
session_message_reply(const struct session_message *m);
bool session_message_reply_of(const struct session_message *m,
    const char *address, struct session_message_reply *reply);

/* session_message_trace(reply, subject): how that was decided, in its arena. */
struct trace *session_message_trace(
    const struct session_message_reply *reply, const struct subject *subject);

/* session_message_step(trace, note, subject): one step more, which decides. */
void session_message_step(struct trace *trace, const struct content_note *note,
    const struct subject *subject);

/* session_message_show(m): print what becomes of it for each recipient, a line
 * each, if any class has content checks. */
void session_message_show(const struct session_message *m);

#endif

/* message_trial.h - one configuration's content stages, those of a server,
 * tried on messages. */
#ifndef WEIR_MESSAGE_TRIAL_H
#define WEIR_MESSAGE_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/subject.h"
#include "classes/recipient_content.h"
#include "proxy/body.h"
#include "proxy/message.h"
#include "proxy/message_rules.h"
#include "proxy/proxy_params.h"

struct conf;
struct content_seen;
struct err;

/* What becomes of a message. */
enum message_fate {
	MESSAGE_ACCEPTED,
	MESSAGE_HELD,
	MESSAGE_DISCARDED,
	MESSAGE_DEFERRED,
	MESSAGE_REJECTED,
	MESSAGE_FATES,
};

/* A recipient that RCPT accepts, and what becomes of the message for it. */
struct message_trial_rcpt {
	const char *address, *classes;
	unsigned group;
	struct recipient_verdict verdict;
	const char *decision; /* "accept", "reject 550 5.7.1 no" */
	const char *outcome;  /* of a rejection, if others take it: "held" */
	const char *by;       /* "file:line", or "" */
};

struct message_trial {
	struct arena *arena; /* as long as this */
	struct proxy_params params;
	struct message_rules rules;
	/* Told of each element, and of each answer about decoded content, that
	 * of text_checks and attachment_checks, and at the end of each of the
	 * recipients' classes; or NULL.  To be set between messages. */
	void (*watch)(void *arg, const struct content_seen *seen);
	void (*noted)(void *arg, const struct content_note *note);
	void *watch_arg;
	struct message_trial_rcpt *rcpts; /* message_trial_add() */
	size_t nrcpts, room;
	bool soft_bounce;
	bool keep; /* the body of the result, in message.keep.body */

	/* The message at hand, and what became of it. */
	struct subject subject;
	struct arena *mail;
	struct message message;
	struct body body;
	struct buf wire, text;
	char last; /* octet that was fed */
	enum message_fate fate;
	const char *decision; /* "accept, hold", "reject 550 5.7.1 no" */
	/* Places of the rules that decided so, and of those that changed the
	 * text of a message that goes on: "file:line, file:line", or "". */
	const char *by, *edits;
	const struct content_note *note; /* the last one that was told */
	uint64_t sum; /* of the result: equal results have equal sums */
	struct recipient_content *recipients; /* NULL: nobody has a class */
};

/* message_trial_open(t, conf, err): -1 and the reason if ${conf} cannot be
 * used; tables that cannot be opened are in ${err}, too, and the result is 0.
 * ${t} must be zeroed. */
int
message_trial_open(struct message_trial *t, struct conf *conf, struct err *err);
void message_trial_close(struct message_trial *t);

/* message_trial_add(t, address, classes): messages are for one more recipient, which
 * has come to ${classes} (class_names.h).  message_trial_find(t, address): it, or
 * NULL. */
void message_trial_add(
    struct message_trial *t, const char *address, const char *classes);
const struct message_trial_rcpt *
message_trial_find(const struct message_trial *t, const char *address);

/* message_trial_print(rcpt, out): append what became of it, a line. */
void
message_trial_print(const struct message_trial_rcpt *rcpt, struct buf *out);

/* message_trial_begin(t, subject): a message, from that client; feed() gives its
 * octets, with any line ends, end() says that those were all, and fills in what
 * became of it, which stays until the next one begins. */
void
message_trial_begin(struct message_trial *t, const struct subject *subject);
void message_trial_feed(struct message_trial *t, const char *data, size_t n);
void message_trial_end(struct message_trial *t);

/* message_trial_place(arena, file, line, list): where a rule stands: "file:line",
 * or the list's name if ${file} is NULL. */
const char *message_trial_place(
    struct arena *arena, const char *file, unsigned line, const char *list);

/* message_trial_word(fate): "accept" ... */
const char *message_trial_word(enum message_fate fate);

#endif

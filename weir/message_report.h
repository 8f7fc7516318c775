/* message_report.h - what "weir test message" prints about one message. */
#ifndef WEIR_MESSAGE_REPORT_H
#define WEIR_MESSAGE_REPORT_H

#include <stdbool.h>

#include "base/buf.h"

struct content_note;
struct content_seen;
struct message_trial;

struct message_report {
	bool json;
	bool lines;  /* each element, not only those that a rule matches */
	bool result; /* the message as it is in the end */
	size_t at;   /* where the next header of the block begins */
	struct buf members; /* of the object for the message at hand */
};

/* In this order, for each message: begin, seen for each element and noted, end.  JSON is
 * printed at the end. */
void message_report_begin(struct message_report *report, const char *name);
void message_report_seen(
    struct message_report *report, const struct content_seen *seen);
/* An answer about decoded content, of text_checks or attachment_checks. */
void message_report_noted(
    struct message_report *report, const struct content_note *note);
void message_report_end(
    struct message_report *report, const struct message_trial *trial);

/* message_report_decision(trial, out): append the members "decision", "by" and
 * "edited_by". */
void
message_report_decision(const struct message_trial *trial, struct buf *out);

#endif

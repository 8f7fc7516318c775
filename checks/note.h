/* note.h - the log lines of decisions. */
#ifndef CHECKS_NOTE_H
#define CHECKS_NOTE_H

struct subject;

/* note_decision(subject, where, action, text, trace): "reject: RCPT from
 * name[addr]: text; from=<> to=<> proto=SMTP helo=<>"; ${trace} (or NULL) goes
 * into the record, not into the line. */
void note_decision(const struct subject *subject, const char *where,
    const char *action, const char *text, const char *trace);

/* note_unasked(subject, restriction): a warning, if the restriction needs a
 * certificate of a client that is never asked for one. */
void note_unasked(const struct subject *subject, const char *restriction);

/* note_client(subject): "name[addr]", in the subject's arena. */
const char *note_client(const struct subject *subject);

#endif

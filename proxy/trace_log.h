/* trace_log.h - decision traces, kept for weir explain. */
#ifndef PROXY_TRACE_LOG_H
#define PROXY_TRACE_LOG_H

struct content_note;
struct mail_rcpt;
struct session;
struct verdict;

/* trace_log_add(s, verdict): keep the trace of ${verdict}, if it is a refusal
 * or all are wanted (weir_trace_all).  By the session's owner. */
void trace_log_add(struct session *s, const struct verdict *verdict);

/* trace_log_message(s, reply): keep what header and body checks have found in
 * the message that is answered with ${reply}, if they found anything or all
 * traces are wanted. */
void trace_log_message(struct session *s, const char *reply);

/* trace_log_recipient(s, rcpt, answer): keep what the classes of ${rcpt} have found
 * in the message, which has led to ${answer}; one for whom it "pass"es only if all
 * traces are wanted. */
void trace_log_recipient(
    struct session *s, const struct mail_rcpt *rcpt, const char *answer);

/* trace_log_note(s, note, answer): keep ${note}, which alone has led to
 * ${answer}.  By the session's owner. */
void trace_log_note(
    struct session *s, const struct content_note *note, const char *answer);

#endif

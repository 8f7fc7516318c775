/* content_fault.h - what the log is told of a message that cannot be taken,
 * whatever the rules say. */
#ifndef PROXY_CONTENT_FAULT_H
#define PROXY_CONTENT_FAULT_H

struct session;

/* content_fault_log(s): its fault (message.h).  content_fault_log_hops(s): it
 * loops. */
void content_fault_log(struct session *s);
void content_fault_log_hops(const struct session *s);

#endif

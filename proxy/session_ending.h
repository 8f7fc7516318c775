/* session_ending.h - the last lines in the log of a session. */
#ifndef PROXY_SESSION_ENDING_H
#define PROXY_SESSION_ENDING_H

struct session;

/* session_ending_log(s): why it is over, if not by QUIT, and what it was. */
void session_ending_log(struct session *s);

#endif

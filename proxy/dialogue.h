/* dialogue.h - command lines: assembled, judged as a whole, and run. */
#ifndef PROXY_DIALOGUE_H
#define PROXY_DIALOGUE_H

struct session;

enum dialogue_status {
	DIALOGUE_MORE, /* no whole line yet */
	DIALOGUE_RAN,  /* a command was run, or is being run by a worker; or
			* there were too many mistakes and the session ends */
};

/* dialogue_line(s): take one line from s->in and do what it says.  The loop
 * only; the worker that it gives a command to may go on with the next ones. */
enum dialogue_status dialogue_line(struct session *s);

#endif

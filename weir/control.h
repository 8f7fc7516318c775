/* control.h - the socket by which weir stop, reload and status talk to the
 * supervisor.  One line in, text out, "ok" or "failed" as the last line. */
#ifndef WEIR_CONTROL_H
#define WEIR_CONTROL_H

#include <stdbool.h>

struct buf;
struct control;
struct err;
struct loop;

/* What can be asked for; ${arg} is that of control_open(). */
struct control_ops {
	/* done() is called once with the outcome, unless reload() returns
	 * false, and why. */
	bool (*reload)(void *arg,
	    void (*done)(void *done_arg, bool good, const char *text),
	    void *done_arg, struct err *err);
	void (*stop)(void *arg);
	void (*status)(void *arg, struct buf *out);
};

/* control_open(loop, path, ops, arg, err): listen; the socket is for the owner
 * only. */
struct control *control_open(struct loop *loop, const char *path,
    const struct control_ops *ops, void *arg, struct err *err);
void control_close(struct control *control);

/* control_ask(path, command, out, err): the client's side; blocks until the
 * answer is whole.  0: done, 1: failed (what was said is in ${out}), -1: not
 * running or not reachable. */
int control_ask(
    const char *path, const char *command, struct buf *out, struct err *err);

#endif

/* control.h - the socket by which weir stop, reload and status talk to the
 * supervisor.  One line in, text out, "ok" or "failed" as the last line. */
#ifndef WEIR_CONTROL_H
#define WEIR_CONTROL_H

#include <stdbool.h>

struct buf;
struct control;
struct err;
struct loop;
struct supervisor;

/* control_open(loop, path, supervisor, err): listen; the socket is for the
 * owner only. */
struct control *control_open(struct loop *loop, const char *path,
    struct supervisor *supervisor, struct err *err);
void control_close(struct control *control);

/* control_ask(path, command, out, err): the client's side; blocks until the
 * answer is whole.  0: done, 1: failed (what was said is in ${out}), -1: not
 * running or not reachable. */
int control_ask(
    const char *path, const char *command, struct buf *out, struct err *err);

#endif

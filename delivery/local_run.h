/* local_run.h - the local role runs a command of an alias, a .forward file or
 * mailbox_command. */
#ifndef DELIVERY_LOCAL_RUN_H
#define DELIVERY_LOCAL_RUN_H

struct arena;
struct local_command;
struct local_rights;
struct mailbox_answer;
struct stream;

/* local_run_argv(text, shell, arena): what is executed: ${shell} with ${text}
 * as its last argument; without one, /bin/sh where ${text} needs a shell. */
char **local_run_argv(const char *text, const char *shell, struct arena *arena);

/* local_run_deliver(rights, command, in, arena, answer): become the owner of
 * ${command}, for good, and run it with the message from ${in}. */
void local_run_deliver(const struct local_rights *rights,
    const struct local_command *command, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer);

#endif

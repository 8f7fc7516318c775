/* pipe_run.h - the local role's side of deliveries to commands. */
#ifndef DELIVERY_PIPE_RUN_H
#define DELIVERY_PIPE_RUN_H

#include <stddef.h>

struct arena;
struct conf;
struct err;
struct mailbox_answer;
struct master;
struct pipe_request;
struct stream;

/* The commands that there are, and what they get; immutable once read. */
struct pipe_commands {
	const struct pipe_service *list;
	size_t count;
	const char *delimiters; /* recipient_delimiter */
	const char *directory;  /* queue_directory */
	char *const *envp;      /* environment.h */
};

/*
 * pipe_run_read(master, conf, envp, arena, err):
 * All pipe services of ${master}.  One with a mistake is left out (its mail is
 * deferred), and the mistakes are gathered in ${err}.
 */
struct pipe_commands *pipe_run_read(const struct master *master,
    struct conf *conf, char *const *envp, struct arena *arena, struct err *err);

/* pipe_run_deliver(commands, request, in, arena, answer): become the user of
 * the service that ${request} names, for good, and run its command with the
 * message from ${in}. */
void pipe_run_deliver(const struct pipe_commands *commands,
    const struct pipe_request *request, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer);

#endif

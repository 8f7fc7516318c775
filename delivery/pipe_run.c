/* pipe_run.c - see pipe_run.h. */
#include "delivery/pipe_run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/master.h"
#include "base/spawn.h"
#include "base/stream.h"
#include "delivery/mailbox.h"
#include "delivery/pipe_macro.h"
#include "delivery/pipe_request.h"
#include "delivery/pipe_service.h"
#include "delivery/program.h"
#include "delivery/program_status.h"

struct pipe_commands *
pipe_run_read(const struct master *master, struct conf *conf, char *const *envp,
    struct arena *arena, struct err *err)
{
	struct pipe_commands *all = arena_alloc(arena, sizeof *all);
	struct pipe_service *list =
	    arena_alloc(arena, (master->count + 1) * sizeof *list);

	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *s = &master->services[i];
		struct conf *view;
		struct err one = { { 0 } };

		if (s->type != MASTER_UNIX || strcmp(s->command, "pipe") != 0)
			continue;
		view = master_view(s, conf);
		if (pipe_service_read(
			s, view, arena, &list[all->count], &one) == 0)
			all->count++;
		else
			err_also(err, "%s", one.text);
		conf_free(view);
	}
	all->list = list;
	all->delimiters = conf_get(conf, "recipient_delimiter", arena, NULL);
	if (all->delimiters == NULL)
		all->delimiters = "";
	all->directory = conf_get(conf, "queue_directory", arena, NULL);
	all->envp = envp;
	return all;
}

static const struct pipe_service *
find_service(const struct pipe_commands *commands, const char *name)
{
	for (size_t i = 0; i < commands->count; i++)
		if (strcmp(commands->list[i].name, name) == 0)
			return &commands->list[i];
	return NULL;
}

/* Started by an ordinary user, we are that user and stay it.  NULL; or why
 * not. */
static const char *
become(const struct pipe_service *s, struct arena *arena)
{
	uid_t uid = 0;
	gid_t gid = 0;
	const char *why;

	if (geteuid() != 0)
		return s->root == NULL ? NULL : "chroot= needs root";
	why = owner_find(&s->owner, &uid, &gid, arena);
	if (why != NULL)
		return arena_printf(arena, "%s: %s", s->name, why);
	if (s->root != NULL && (chroot(s->root) != 0 || chdir("/") != 0))
		return arena_printf(arena, "%s: chroot %s: %s", s->name,
		    s->root, err_errno(errno));
	if (spawn_become(uid, gid) != 0)
		return arena_printf(arena, "%s: cannot become UID/GID=%lu/%lu",
		    s->name, (unsigned long)uid, (unsigned long)gid);
	return NULL;
}

static const char *
directory_of(const struct pipe_commands *all, const struct pipe_service *s)
{
	if (s->directory != NULL)
		return s->directory;
	return s->root != NULL ? "/" : all->directory;
}

void
pipe_run_deliver(const struct pipe_commands *commands,
    const struct pipe_request *request, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer)
{
	const struct pipe_service *s = find_service(commands, request->service);
	struct program program = { .envp = commands->envp,
		.head = request->head,
		.size = request->body };
	struct program_result result;
	const char *why = s != NULL
	    ? become(s, arena)
	    : arena_printf(arena, "unknown pipe service: %s", request->service);

	if (s == NULL || why != NULL) {
		*answer = (struct mailbox_answer){ .result = MAILBOX_DEFER,
			.dsn = "4.3.5",
			.text = "mail system configuration error",
			.warning = why };
		return;
	}
	answer->warning = "";
	program.argv = pipe_macro_argv(s, request, commands->delimiters, arena);
	program.directory = directory_of(commands, s);
	program.time_limit = s->time_limit;
	program.blank = (s->flags & PIPE_BLANK) != 0;
	program.lines = (struct line_copy){ .eol = s->eol,
		.quote_from = (s->flags & PIPE_QUOTE_FROM) != 0,
		.quote_dot = (s->flags & PIPE_DOT) != 0 };
	stream_deadline(in, clock_mono() + s->time_limit);
	program_run(&program, in, arena, &result);
	program_status_answer(&result, program.argv[0],
	    arena_printf(arena, "delivered via %s service", s->name), arena,
	    answer);
}

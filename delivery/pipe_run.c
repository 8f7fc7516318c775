/* pipe_run.c - see pipe_run.h. */
#include "delivery/pipe_run.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
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

enum { ROOM = 16 * 1024 }; /* for a user or a group */

/* export_environment: names of variables that are passed on, and name=value. */
static char *const *
read_environment(
    struct conf *conf, const char *config_directory, struct arena *arena)
{
	const char *list = conf_get(conf, "export_environment", arena, NULL);
	const char *word, *value;
	size_t n = 0;
	char **envp;

	if (list == NULL)
		list = "";
	envp = arena_alloc(arena, (strlen(list) + 2) * sizeof *envp);
	envp[n++] = arena_strdup(arena, "PATH=/usr/bin:/bin");
	while ((word = conf_word(&list, arena)) != NULL) {
		if (strchr(word, '=') != NULL) {
			envp[n++] = arena_strdup(arena, word);
			continue;
		}
		/* LANG as import_environment of Postfix sets it. */
		value = strcmp(word, "MAIL_CONFIG") == 0 ? config_directory
		    : strcmp(word, "LANG") == 0          ? "C"
							 : secure_getenv(word);
		if (value != NULL)
			envp[n++] = arena_printf(arena, "%s=%s", word, value);
	}
	return envp;
}

struct pipe_commands *
pipe_run_read(const struct master *master, struct conf *conf,
    const char *config_directory, struct arena *arena, struct err *err)
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
	all->envp = read_environment(conf, config_directory, arena);
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

struct owner {
	uid_t uid;
	gid_t gid;
};

/* Whose rights the command gets.  NULL; or why it cannot be. */
static const char *
find_owner(
    const struct pipe_service *s, struct owner *owner, struct arena *arena)
{
	struct passwd pw, *user = NULL;
	struct group gr, *group = NULL;
	char *room = arena_alloc(arena, ROOM);

	(void)getpwnam_r(s->user, &pw, room, ROOM, &user);
	if (user == NULL)
		return arena_printf(
		    arena, "%s: unknown username: %s", s->name, s->user);
	*owner = (struct owner){ user->pw_uid, user->pw_gid };
	if (s->group != NULL) {
		(void)getgrnam_r(s->group, &gr, room, ROOM, &group);
		if (group == NULL)
			return arena_printf(
			    arena, "%s: unknown group: %s", s->name, s->group);
		owner->gid = group->gr_gid;
	}
	if (owner->uid == 0 || owner->gid == 0)
		return arena_printf(arena,
		    "%s: user= command-line attribute specifies root "
		    "privileges",
		    s->name);
	return NULL;
}

/* Started by an ordinary user, we are that user and stay it.  NULL; or why
 * not. */
static const char *
become(const struct pipe_service *s, struct arena *arena)
{
	struct owner owner = { 0 };
	const char *why;

	if (geteuid() != 0)
		return s->root == NULL ? NULL : "chroot= needs root";
	why = find_owner(s, &owner, arena);
	if (why != NULL)
		return why;
	if (s->root != NULL && (chroot(s->root) != 0 || chdir("/") != 0))
		return arena_printf(arena, "%s: chroot %s: %s", s->name,
		    s->root, err_errno(errno));
	if (spawn_become(owner.uid, owner.gid) != 0)
		return arena_printf(arena, "%s: cannot become UID/GID=%lu/%lu",
		    s->name, (unsigned long)owner.uid,
		    (unsigned long)owner.gid);
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

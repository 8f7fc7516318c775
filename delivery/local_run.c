/* local_run.c - see local_run.h. */
#include "delivery/local_run.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/stream.h"
#include "delivery/local_command.h"
#include "delivery/local_rights.h"
#include "delivery/mailbox.h"
#include "delivery/program.h"
#include "delivery/program_status.h"

/* The words of ${text}, and room for one more. */
static char **
split(const char *text, struct arena *arena)
{
	size_t n = 0, most = strlen(text) / 2 + 3;
	char **argv = arena_alloc(arena, most * sizeof *argv);

	for (;;) {
		size_t len;

		text += strspn(text, " \t\r\n");
		if (*text == '\0')
			return argv;
		len = strcspn(text, " \t\r\n");
		argv[n++] = arena_strndup(arena, text, len);
		text += len;
	}
}

/* Nothing in it means anything to a shell, and it is no word that only a shell
 * knows. */
static bool
is_plain(const char *text, char **argv, struct arena *arena)
{
	static const char plain[] = "1234567890!@%-_=+:,./"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ \t\r\n";

	return text[strspn(text, plain)] == '\0' && argv[0] != NULL &&
	    strchr(program_find(argv[0], arena), '/') != NULL;
}

char **
local_run_argv(const char *text, const char *shell, struct arena *arena)
{
	char **argv = split(shell, arena);
	size_t n = 0;

	if (argv[0] == NULL) {
		argv = split(text, arena);
		if (is_plain(text, argv, arena))
			return argv;
		argv = split("/bin/sh -c", arena);
	}
	while (argv[n] != NULL)
		n++;
	argv[n] = arena_strdup(arena, text);
	return argv;
}

/* What all programs get, and what belongs to this delivery. */
static char *const *
environment(const struct local_rights *rights, const struct local_command *c,
    struct arena *arena)
{
	size_t n = 0;
	char **envp;

	while (rights->envp[n] != NULL)
		n++;
	envp = arena_alloc(arena, (n + c->nenv + 1) * sizeof *envp);
	for (size_t i = 0; i < n; i++)
		envp[i] = rights->envp[i];
	for (size_t i = 0; i < c->nenv; i++)
		envp[n + i] = arena_strdup(arena, c->env[i]);
	return envp;
}

void
local_run_deliver(const struct local_rights *rights,
    const struct local_command *c, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer)
{
	struct program program = { .head = c->head,
		.size = c->size,
		.directory =
		    c->directory[0] != '\0' ? c->directory : rights->directory,
		.time_limit = rights->time_limit,
		.lines = { .eol = "\n" } };
	const char *why = local_rights_become(rights, c->owner, arena);
	struct program_result result;

	if (why != NULL) {
		answer->warning = why;
		return;
	}
	program.argv = local_run_argv(c->text, rights->shell, arena);
	program.envp = environment(rights, c, arena);
	stream_deadline(in, clock_mono() + rights->time_limit);
	program_run(&program, in, arena, &result);
	if (result.end == PROGRAM_NOT_FOUND)
		result.output = arena_printf(
		    arena, "local: fatal: execvp %s", result.output);
	else if (result.end == PROGRAM_EXITED && result.status == 0)
		result.output = "";
	program_status_answer(&result, c->text,
	    arena_printf(arena, "delivered to command: %s", c->text), arena,
	    answer);
}

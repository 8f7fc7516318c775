/* local_command.c - see local_command.h. */
#include "delivery/local_command.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"
#include "delivery/mailbox.h"

enum { LEAST_ENV = 4 };

void
local_command_print(const struct local_command *c, struct buf *out)
{
	size_t start = frame_begin(out, LOCAL_COMMAND_RUN, 0);

	frame_put_str(out, c->owner);
	frame_put_str(out, c->text);
	frame_put_str(out, c->directory);
	frame_put_str(out, c->head);
	frame_put_num(out, c->size);
	frame_put_num(out, c->nenv);
	for (size_t i = 0; i < c->nenv; i++)
		frame_put_str(out, c->env[i]);
	frame_end(out, start);
}

/* No LD_PRELOAD or the like, whoever asks for it. */
static bool
is_ours(const char *variable)
{
	static const char *const names[] = { "HOME", "LOGNAME", "SHELL",
		"DOMAIN", "LOCAL", "USER", "EXTENSION", "RECIPIENT",
		"ORIGINAL_RECIPIENT", "SENDER", "ENVID", "CLIENT_ADDRESS",
		"CLIENT_HELO", "CLIENT_HOSTNAME", "CLIENT_PROTOCOL",
		"SASL_METHOD", "SASL_SENDER", "SASL_USERNAME" };
	size_t n = strcspn(variable, "=");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == n && variable[n] == '=' &&
		    strncmp(names[i], variable, n) == 0)
			return true;
	return false;
}

bool
local_command_parse(
    const struct frame *frame, struct arena *arena, struct local_command *c)
{
	struct frame_reader in = { frame->body, frame->body + frame->len,
		false };
	uint64_t n;

	*c = (struct local_command){ .owner = frame_str(&in, arena) };
	c->text = frame_str(&in, arena);
	c->directory = frame_str(&in, arena);
	c->head = frame_str(&in, arena);
	c->size = frame_num(&in);
	n = frame_num(&in);
	if (frame->type != LOCAL_COMMAND_RUN || in.bad ||
	    n > (uint64_t)(in.end - in.p) / LEAST_ENV)
		return false;
	c->nenv = (size_t)n;
	c->env = arena_alloc(arena, (c->nenv + 1) * sizeof *c->env);
	for (size_t i = 0; i < c->nenv; i++) {
		c->env[i] = frame_str(&in, arena);
		if (!is_ours(c->env[i]))
			return false;
	}
	return !in.bad && in.p == in.end && c->text[0] != '\0' &&
	    strlen(c->head) < MAILBOX_HEAD;
}

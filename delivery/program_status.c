/* program_status.c - see program_status.h. */
#include "delivery/program_status.h"

#include <stddef.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "delivery/mailbox.h"
#include "delivery/program.h"

/* clang-format off */
static const struct {
	int status;
	const char *dsn, *text;
} exits[] = {
	{ EX_USAGE,       "5.3.0", "command line usage error" },
	{ EX_DATAERR,     "5.6.0", "data format error" },
	{ EX_NOINPUT,     "5.3.0", "cannot open input" },
	{ EX_NOUSER,      "5.1.1", "user unknown" },
	{ EX_NOHOST,      "5.1.2", "host name unknown" },
	{ EX_UNAVAILABLE, "5.3.0", "service unavailable" },
	{ EX_SOFTWARE,    "5.3.0", "internal software error" },
	{ EX_OSERR,       "4.3.0", "system resource problem" },
	{ EX_OSFILE,      "5.3.0", "critical OS file missing" },
	{ EX_CANTCREAT,   "5.2.0", "can't create user output file" },
	{ EX_IOERR,       "5.3.0", "input/output error" },
	{ EX_TEMPFAIL,    "4.3.0", "temporary failure" },
	{ EX_PROTOCOL,    "5.5.0", "remote error in protocol" },
	{ EX_NOPERM,      "5.7.0", "permission denied" },
	{ EX_CONFIG,      "5.3.5", "local configuration error" },
};
/* clang-format on */

static size_t
digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* The length of a status code of failure at the start of ${text}; 0: none. */
static size_t
code_length(const char *text)
{
	size_t subject, detail;

	if ((text[0] != '4' && text[0] != '5') || text[1] != '.')
		return 0;
	subject = digits(text + 2);
	if (subject < 1 || subject > 3 || text[2 + subject] != '.')
		return 0;
	detail = digits(text + 3 + subject);
	if (detail < 1 || detail > 3 ||
	    (text[3 + subject + detail] != ' ' &&
		text[3 + subject + detail] != '\0'))
		return 0;
	return 3 + subject + detail;
}

static void
failed(struct mailbox_answer *a, const char *dsn, const char *text)
{
	a->result = dsn[0] == '5' ? MAILBOX_BOUNCE : MAILBOX_DEFER;
	a->dsn = dsn;
	a->text = text;
}

/* What a bounce says of it in the field for programs: what the command has
 * said, or else ${text}. */
static void
diagnose(struct mailbox_answer *a, struct arena *arena, const char *output,
    const char *text)
{
	size_t n = strlen(output);

	while (n > 0 && output[n - 1] == ' ')
		n--;
	a->diagnostic = n > 0
	    ? arena_printf(arena, "x-unix; %.*s", (int)n, output)
	    : arena_printf(arena, "x-unix; %s", text);
}

/* "what. Command output: ..." */
static const char *
with_output(struct arena *arena, const char *what, const char *output)
{
	return output[0] != '\0'
	    ? arena_printf(arena, "%s. Command output: %s", what, output)
	    : what;
}

static void
exited(const struct program_result *r, const char *program, struct arena *arena,
    struct mailbox_answer *a)
{
	size_t n = code_length(r->output);
	const char *text = r->output + n;

	if (n > 0) {
		text += strspn(text, " ");
		failed(a, arena_strndup(arena, r->output, n), text);
		diagnose(a, arena, text, "");
		return;
	}
	for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
		if (exits[i].status == r->status) {
			failed(a, exits[i].dsn,
			    with_output(arena, exits[i].text, r->output));
			diagnose(a, arena, r->output, exits[i].text);
			return;
		}
	failed(a, "5.3.0",
	    with_output(arena,
		arena_printf(arena, "Command died with status %d: \"%s\"",
		    r->status, program),
		r->output));
	diagnose(a, arena, r->output,
	    arena_printf(arena, "unknown mail system error %d", r->status));
}

static void
sent_by_it(const struct program_result *r, const char *sent,
    struct arena *arena, struct mailbox_answer *a)
{
	size_t n = strlen(r->output);

	while (n > 0 && r->output[n - 1] == ' ')
		n--;
	a->result = MAILBOX_DONE;
	a->dsn = "2.0.0";
	a->text = n == 0
	    ? sent
	    : arena_printf(arena, "%s (%.*s)", sent, (int)n, r->output);
}

void
program_status_answer(const struct program_result *r, const char *program,
    const char *sent, struct arena *arena, struct mailbox_answer *a)
{
	switch (r->end) {
	case PROGRAM_EXITED:
		if (r->status == 0)
			sent_by_it(r, sent, arena, a);
		else
			exited(r, program, arena, a);
		break;
	case PROGRAM_KILLED:
		failed(a, "4.3.0",
		    with_output(arena,
			arena_printf(arena,
			    "Command died with signal %d: \"%s\"", r->status,
			    program),
			r->output));
		diagnose(a, arena, r->output, "internal software error");
		break;
	case PROGRAM_TIMEOUT:
		/* As Postfix: it may have done its work. */
		failed(a, "5.3.0",
		    with_output(arena,
			arena_printf(arena,
			    "Command time limit exceeded: \"%s\"", program),
			r->output));
		break;
	case PROGRAM_NOT_FOUND:
		failed(a, "4.3.0",
		    with_output(arena, "temporary failure", r->output));
		break;
	case PROGRAM_CUT:
		failed(a, "4.3.0", "the message was cut short");
		break;
	}
}

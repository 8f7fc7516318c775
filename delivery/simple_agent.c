/* simple_agent.c - see simple_agent.h. */
#include "delivery/simple_agent.h"

#include <string.h>

#include "base/arena.h"
#include "delivery/delivery.h"
#include "delivery/smtp_reply.h"
#include "delivery/transport.h"

/* "error: 5.1.1 text": blanks do not count, and a status in front of the text, if its class is one of
 * ${classes}, replaces the usual one. */
static void
give_back(struct delivery *d, enum job_status status, const char *dsn,
    const char *classes)
{
	const char *text = d->job->nexthop + strspn(d->job->nexthop, " \t");
	size_t n = smtp_reply_dsn(text);
	struct delivery_end end = { .status = status, .dsn = dsn };

	if (n > 0 && strchr(classes, text[0]) != NULL) {
		end.dsn = arena_strndup(d->arena, text, n);
		text += n;
		text += strspn(text, " \t");
	}
	end.text = text;
	delivery_end_all(d, &end);
}

/* The service "retry" of the usual master.cf runs the error agent, too. */
static void
run_error(struct delivery *d)
{
	if (strcmp(d->transport->name, "retry") == 0)
		give_back(d, JOB_DEFERRED, "4.0.0", "4");
	else
		give_back(d, JOB_BOUNCED, "5.0.0", "5");
}

static void
run_retry(struct delivery *d)
{
	give_back(d, JOB_DEFERRED, "4.0.0", "4");
}

static void
run_discard(struct delivery *d)
{
	give_back(d, JOB_SENT, "2.0.0", "2");
}

const struct agent simple_agent_error = { .command = "error",
	.run = run_error };
const struct agent simple_agent_retry = { .command = "retry",
	.run = run_retry };
const struct agent simple_agent_discard = { .command = "discard",
	.run = run_discard };

/* schedule_log.c - see schedule_inner.h.  What analysers of logs parse. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"
#include "rules/address.h"

static struct event_by
by(const struct active *a, const char *program)
{
	return (struct event_by){ .program = program, .qid = a->e.qid };
}

/* The null sender is written without quotes: from=<>. */
static const char *
sender(const struct active *a)
{
	return a->e.sender[0] != '\0' ? address_external(a->arena, a->e.sender)
				      : "";
}

void
schedule_log_active(const struct active *a)
{
	struct event_by qmgr = by(a, "qmgr");
	char size[24], nrcpt[24];

	(void)snprintf(
	    size, sizeof size, "%llu", (unsigned long long)a->e.size);
	(void)snprintf(nrcpt, sizeof nrcpt, "%zu", active_todo(a));
	event(&queue_events_active, &qmgr, "from", sender(a), "size", size,
	    "nrcpt", nrcpt, NULL);
}

void
schedule_log_expired(const struct active *a)
{
	struct event_by qmgr = by(a, "qmgr");

	event(&queue_events_expired, &qmgr, "from", sender(a), NULL);
}

/* Seconds with two significant digits, at most two behind the point. */
static const char *
seconds(int64_t ns, char text[24])
{
	double s = (double)(ns > 0 ? ns : 0) / CLOCK_SECOND;
	char *end;

	(void)snprintf(text, 24, "%.*f", s >= 10 ? 0 : s >= 1 ? 1 : 2, s);
	if (strchr(text, '.') == NULL)
		return text;
	end = text + strlen(text);
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
	return text;
}

void
schedule_log_deferred(const struct active *a, size_t recipient, int64_t now)
{
	const struct envelope_rcpt *r = &a->e.rcpts[recipient];
	struct event_by error = by(a, "error");
	char delay[24], before[24], within[24], delays[64];
	const char *original = r->original;

	(void)snprintf(delays, sizeof delays, "%s/%s/0/0",
	    seconds(a->since - a->e.arrival, before),
	    seconds(now - a->since, within));
	if (original[0] == '\0' || strcmp(original, r->address) == 0)
		original = NULL;
	event(&queue_events_deferred, &error, "to",
	    address_external(a->arena, r->address), "orig_to",
	    original != NULL ? address_external(a->arena, original) : NULL,
	    "delay", seconds(now - a->e.arrival, delay), "delays", delays,
	    "dsn", r->dsn, "text", r->reason, NULL);
}

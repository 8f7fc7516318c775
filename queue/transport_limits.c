/* transport_limits.c - see transport_limits.h. */
#include "queue/transport_limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "queue/destination.h"
#include "queue/job.h"
#include "queue/queue_params.h"

/* What is asked for one transport. */
struct asking {
	struct conf *conf;
	const char *transport;
	struct arena *arena;
	struct err *err;
};

/* The value of <transport>_<what>, or ${preset} if nobody defines it. */
static unsigned
ask(const struct asking *a, const char *what, int64_t preset)
{
	const char *name = arena_printf(a->arena, "%s_%s", a->transport, what);
	const char *text;
	struct conf_value value;
	char *end;
	long number;

	conf_used(a->conf, name);
	if (!conf_find(a->conf, name, &value) ||
	    (text = conf_get(a->conf, name, a->arena, a->err)) == NULL)
		return (unsigned)preset;
	number = strtol(text, &end, 10);
	if (end != text && *end == '\0' && number >= 0 && number <= INT32_MAX)
		return (unsigned)number;
	err_also(a->err, "%s:%u: %s = %s: not a number", value.origin.file,
	    value.origin.line, name, text);
	return (unsigned)preset;
}

/* Is the transport in defer_transports? */
static bool
is_deferred(const struct asking *a, const struct queue_params *params)
{
	const char *cursor = params->defer_transports, *word;

	while ((word = conf_word(&cursor, a->arena)) != NULL)
		if (strcmp(word, a->transport) == 0)
			return true;
	return false;
}

void
transport_limits_read(struct destination_limits *limits, struct conf *conf,
    const struct queue_params *params, const char *transport, struct err *err)
{
	struct asking a = { conf, transport, arena_new(), err };
	bool rescan = strcmp(transport, job_rescan) == 0;

	limits->concurrency = ask(&a, "destination_concurrency_limit",
	    params->default_destination_concurrency_limit);
	/* A filter that may be down is tried with one message, and gets that
	 * as it would have got it from the client: as a whole. */
	limits->initial = ask(&a, "initial_destination_concurrency",
	    rescan ? 1 : params->initial_destination_concurrency);
	if (limits->initial == 0)
		limits->initial = 1;
	if (limits->concurrency > 0 && limits->initial > limits->concurrency)
		limits->initial = limits->concurrency;
	limits->recipients = ask(&a, "destination_recipient_limit",
	    rescan ? 0 : params->default_destination_recipient_limit);
	limits->failed_cohorts =
	    ask(&a, "destination_concurrency_failed_cohort_limit",
		params->default_destination_concurrency_failed_cohort_limit);
	limits->deferred = is_deferred(&a, params);
	arena_free(a.arena);
}

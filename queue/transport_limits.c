/* transport_limits.c - see transport_limits.h. */
#include "queue/transport_limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/param.h"
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

/* The text of <transport>_<what> and its place; NULL: nobody defines it. */
static const char *
ask_text(const struct asking *a, const char *what, struct origin *origin)
{
	const char *name = arena_printf(a->arena, "%s_%s", a->transport, what);
	struct conf_value value;

	conf_used(a->conf, name);
	if (!conf_find(a->conf, name, &value))
		return NULL;
	*origin = value.origin;
	return conf_get(a->conf, name, a->arena, a->err);
}

static void
complain(const struct asking *a, const struct origin *origin, const char *name,
    const char *text, const char *why)
{
	err_also(a->err, "%s:%u: %s = %s: %s",
	    origin->file != NULL ? origin->file : "default", origin->line, name,
	    text, why);
}

/* The value of <transport>_<what>, or ${preset} if nobody defines it. */
static unsigned
ask(const struct asking *a, const char *what, int64_t preset)
{
	struct origin origin = { 0 };
	const char *text = ask_text(a, what, &origin);
	char *end;
	long number;

	if (text == NULL)
		return (unsigned)preset;
	number = strtol(text, &end, 10);
	if (end != text && *end == '\0' && number >= 0 && number <= INT32_MAX)
		return (unsigned)number;
	complain(a, &origin,
	    arena_printf(a->arena, "%s_%s", a->transport, what), text,
	    "not a number");
	return (unsigned)preset;
}

static int64_t
ask_time(const struct asking *a, const char *what, int64_t preset)
{
	struct origin origin = { 0 };
	const char *text = ask_text(a, what, &origin);
	int64_t time;

	if (text == NULL || param_time(text, 's', &time))
		return text == NULL ? preset : time;
	complain(a, &origin,
	    arena_printf(a->arena, "%s_%s", a->transport, what), text,
	    "not a time");
	return preset;
}

/* As Postfix, which goes on with 1 after a mistake. */
static void
ask_feedback(const struct asking *a, const char *what, const char *preset,
    struct concurrency_feedback *feedback)
{
	const char *name = arena_printf(a->arena, "%s_%s", a->transport, what);
	struct origin origin = { 0 };
	struct conf_value value;
	const char *text = ask_text(a, what, &origin);

	if (text == NULL) {
		name = arena_printf(a->arena, "default_%s", what);
		text = preset;
		if (conf_find(a->conf, name, &value))
			origin = value.origin;
	}
	if (!concurrency_feedback_parse(text, feedback))
		complain(a, &origin, name, text,
		    "no feedback (a number from 0 to 1, or such a number and "
		    "/concurrency)");
}

static void
read_concurrency(const struct asking *a, const struct queue_params *params,
    bool rescan, struct concurrency_limits *limits)
{
	limits->most = ask(a, "destination_concurrency_limit",
	    params->default_destination_concurrency_limit);
	/* A filter that may be down is tried with one message, and gets that
	 * as it would have got it from the client: as a whole. */
	limits->initial = ask(a, "initial_destination_concurrency",
	    rescan ? 1 : params->initial_destination_concurrency);
	if (limits->initial == 0)
		limits->initial = 1;
	if (limits->most > 0 && limits->initial > limits->most)
		limits->initial = limits->most;
	limits->failed_cohorts =
	    ask(a, "destination_concurrency_failed_cohort_limit",
		params->default_destination_concurrency_failed_cohort_limit);
	ask_feedback(a, "destination_concurrency_positive_feedback",
	    params->default_destination_concurrency_positive_feedback,
	    &limits->success);
	ask_feedback(a, "destination_concurrency_negative_feedback",
	    params->default_destination_concurrency_negative_feedback,
	    &limits->failure);
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

static void
read_slots(const struct asking *a, const struct queue_params *params,
    struct preempt_limits *limits)
{
	limits->cost =
	    ask(a, "delivery_slot_cost", params->default_delivery_slot_cost);
	limits->discount = ask(a, "delivery_slot_discount",
	    params->default_delivery_slot_discount);
	limits->loan =
	    ask(a, "delivery_slot_loan", params->default_delivery_slot_loan);
	limits->minimum = ask(a, "minimum_delivery_slots",
	    params->default_minimum_delivery_slots);
}

void
transport_limits_read(struct destination_limits *limits, struct conf *conf,
    const struct queue_params *params, const char *transport, struct err *err)
{
	struct asking a = { conf, transport, arena_new(), err };
	bool rescan = strcmp(transport, job_rescan) == 0;

	limits->rate_delay = ask_time(&a, "destination_rate_delay",
	    params->default_destination_rate_delay);
	limits->transport_rate_delay = ask_time(
	    &a, "transport_rate_delay", params->default_transport_rate_delay);
	read_concurrency(&a, params, rescan, &limits->concurrency);
	if (limits->rate_delay > 0)
		limits->concurrency.most = limits->concurrency.initial = 1;
	limits->recipients = ask(&a, "destination_recipient_limit",
	    rescan ? 0 : params->default_destination_recipient_limit);
	read_slots(&a, params, &limits->slots);
	limits->deferred = is_deferred(&a, params);
	arena_free(a.arena);
}

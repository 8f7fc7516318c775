/* concurrency.c - see concurrency.h. */
#include "queue/concurrency.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *
skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* A number at *p, from 0 on; *p is set behind it. */
static bool
take_number(const char **p, double *number)
{
	char *end;

	*number = strtod(*p, &end);
	if (end == *p || !isfinite(*number) || *number < 0)
		return false;
	*p = end;
	return true;
}

/* What stands behind the slash. */
static bool
take_divisor(const char *text, struct concurrency_feedback *feedback)
{
	double divisor;

	if (strcasecmp(text, "concurrency") == 0) {
		feedback->shared = true;
		return true;
	}
	if (!take_number(&text, &divisor) || *text != '\0' ||
	    divisor < 1.0 / INT_MAX || divisor > INT_MAX)
		return false;
	feedback->base /= divisor;
	return true;
}

static bool
parse(const char *text, struct concurrency_feedback *feedback)
{
	const char *p = skip_space(text);

	if (!take_number(&p, &feedback->base))
		return false;
	p = skip_space(p);
	if (*p == '/' && !take_divisor(skip_space(p + 1), feedback))
		return false;
	return (*p == '/' || *p == '\0') && feedback->base <= 1;
}

bool
concurrency_feedback_parse(
    const char *text, struct concurrency_feedback *feedback)
{
	*feedback = (struct concurrency_feedback){ 0, false };
	if (parse(text, feedback))
		return true;
	*feedback = (struct concurrency_feedback){ 1, false };
	return false;
}

double
concurrency_feedback_at(
    const struct concurrency_feedback *feedback, unsigned window)
{
	return feedback->shared ? feedback->base / window : feedback->base;
}

void
concurrency_init(struct concurrency *c, const struct concurrency_limits *limits)
{
	*c = (struct concurrency){ .window = limits->initial };
}

void
concurrency_succeeded(
    struct concurrency *c, const struct concurrency_limits *limits, size_t busy)
{
	double feedback;

	c->failed_cohorts = 0;
	if (limits->most > 0 && c->window >= limits->most)
		return;
	/* Rising further than there is work for would mean nothing. */
	if (c->window >= busy + limits->initial)
		return;
	feedback = concurrency_feedback_at(&limits->success, c->window);
	c->successes += feedback;
	/* Half of it is less than a step and more than an error of rounding. */
	while (c->successes + feedback / 2 >= 1) {
		c->window++;
		c->successes--;
		c->failures = 0;
	}
	if (limits->most > 0 && c->window > limits->most)
		c->window = limits->most;
}

bool
concurrency_failed(
    struct concurrency *c, const struct concurrency_limits *limits)
{
	double feedback = concurrency_feedback_at(&limits->failure, c->window);

	c->failed_cohorts += 1.0 / c->window;
	if (limits->failed_cohorts > 0 &&
	    c->failed_cohorts >= limits->failed_cohorts)
		return true;
	c->failures -= feedback;
	/* At a window of one the cycle goes on, so that failures outweigh the
	 * successes in between. */
	while (c->failures - feedback / 2 < 0) {
		if (c->window > 1)
			c->window--;
		c->successes = 0;
		c->failures++;
	}
	return false;
}

void
concurrency_revived(
    struct concurrency *c, const struct concurrency_limits *limits, size_t busy)
{
	concurrency_init(c, limits);
	if (busy > 0)
		c->window = busy < UINT_MAX ? (unsigned)busy : UINT_MAX;
}

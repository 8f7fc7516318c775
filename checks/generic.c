/* generic.c - see generic.h. */
#include "checks/generic.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "checks/check.h"
#include "checks/site.h"
#include "checks/subject.h"

void
generic_permit(struct ask *ask, struct answer *answer)
{
	(void)ask;
	answer->kind = ANSWER_PERMIT;
}

void
generic_reject(struct ask *ask, struct answer *answer)
{
	answer_reject(ask, answer, (int)ask->site->params.reject_code, "5.7.1",
	    "<%s>: %s rejected: Access denied", ask->name, ask->class);
}

void
generic_defer(struct ask *ask, struct answer *answer)
{
	answer_reject(ask, answer, (int)ask->site->params.defer_code, "4.3.2",
	    "<%s>: %s rejected: Try again later", ask->name, ask->class);
}

void
generic_defer_if_permit(struct ask *ask, struct answer *answer)
{
	answer_reject(ask, answer, 450, "4.7.0",
	    "<%s>: %s rejected: defer_if_permit requested", ask->name,
	    ask->class);
	answer_soften(ask, answer, ANSWER_DEFER_IF_PERMIT);
}

void
generic_defer_if_reject(struct ask *ask, struct answer *answer)
{
	answer_reject(ask, answer, 450, "4.7.0",
	    "<%s>: %s rejected: defer_if_reject requested", ask->name,
	    ask->class);
	answer_soften(ask, answer, ANSWER_DEFER_IF_REJECT);
}

void
generic_sleep(struct ask *ask, struct answer *answer)
{
	answer_effect(ask, answer, EFFECT_SLEEP, NULL)->number =
	    ask->argument->seconds * CLOCK_SECOND;
}

static void
tell_score(const struct ask *ask, struct answer *answer)
{
	answer->input = arena_printf(
	    ask->subject->arena, "score=%lld", (long long)ask->score);
}

void
generic_add_score(struct ask *ask, long points)
{
	enum { MOST = 1000000000 };
	int64_t sum = ask->score + points;

	if (sum <= MOST && sum >= -MOST)
		ask->score = sum;
}

void
generic_score(struct ask *ask, struct answer *answer)
{
	generic_add_score(ask, ask->argument->score);
	tell_score(ask, answer);
}

void
generic_reject_score(struct ask *ask, struct answer *answer)
{
	tell_score(ask, answer);
	if (ask->score > ask->argument->score)
		answer_reject(ask, answer, (int)ask->site->params.reject_code,
		    "5.7.1", "<%s>: %s rejected: Score %lld is over %ld",
		    ask->name, ask->class, (long long)ask->score,
		    ask->argument->score);
}

void
generic_pipelining(struct ask *ask, struct answer *answer)
{
	if (ask->subject->pipelined)
		answer_reject(ask, answer, 503, "5.5.0",
		    "<%s>: %s rejected: Improper use of SMTP command "
		    "pipelining",
		    ask->name, ask->class);
}

void
generic_plaintext(struct ask *ask, struct answer *answer)
{
	if (ask->subject->tls_protocol == NULL)
		answer_reject(ask, answer,
		    (int)ask->site->params.plaintext_reject_code, "4.7.1", "%s",
		    "Session encryption is required");
}

void
generic_multi_recipient(struct ask *ask, struct answer *answer)
{
	const struct subject *s = ask->subject;
	/* At RCPT the recipient that is being judged is not counted yet. */
	size_t most = strcmp(ask->where, "RCPT") == 0 ? 0 : 1;

	if (s->sender != NULL && s->sender[0] == '\0' &&
	    s->recipient_count > most)
		answer_reject(ask, answer,
		    (int)ask->site->params.multi_recipient_bounce_reject_code,
		    "5.5.3", "<%s>: %s rejected: Multi-recipient bounce",
		    ask->name, ask->class);
}

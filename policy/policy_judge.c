/* policy_judge.c - see policy_judge.h. */
#include "policy/policy_judge.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "checks/conduct_keeper.h"
#include "checks/note.h"
#include "checks/spf.h"
#include "checks/subject.h"
#include "classes/stage.h"
#include "classes/stage_conduct.h"
#include "classes/stage_waits.h"
#include "classes/trace_keeper.h"
#include "policy/policy_answer.h"
#include "policy/policy_door.h"
#include "policy/policy_events.h"
#include "policy/policy_facts.h"
#include "policy/policy_hall.h"
#include "policy/policy_request.h"

/* For weir explain: refusals, or everything. */
static void
keep(const struct policy_judge *j, const struct subject *subject,
    const struct verdict *verdict, const char *action)
{
	const struct trace_origin origin = {
		.number = j->by->number,
		.client = note_client(subject),
		.where = policy_request_value(
		    j->request, j->data, POLICY_PROTOCOL_STATE),
		.queue_id = subject->queue_id,
	};

	if (j->shared->traces != NULL && verdict->trace->steps != NULL &&
	    (!verdict->pass || j->door->trace_all))
		trace_keeper_add(j->shared->traces, &origin, subject,
		    verdict->trace, action);
}

/* For its reputation.  That it comes to the end of the message is what the asker
 * says of it. */
static void
note(const struct policy_judge *j, const struct subject *subject,
    enum stage stage, const struct verdict *verdict,
    const struct spf_standing *spf)
{
	const struct site *site = stage_site(j->door->rules);
	enum conduct what;

	if (!verdict->again && conduct_counts(site, subject) &&
	    stage_conduct(stage, verdict, &what))
		conduct_keeper_add(j->shared->conduct, site, subject,
		    spf_domain(subject, spf), what);
}

enum wait
policy_judge(const struct policy_judge *j, enum wait may, struct buf *out,
    int64_t *pause)
{
	struct subject subject = {
		.arena = j->arena, .world = j->shared->world, .by = j->by
	};
	struct stage_state state = { 0 };
	struct verdict verdict;
	enum wait waits;
	enum stage stage;
	const char *action = "DUNNO";

	*pause = 0;
	if (!policy_facts(j->request, j->data, &subject, &stage)) {
		event(&policy_events_state, j->by, "asker", j->asker, "state",
		    policy_request_value(
			j->request, j->data, POLICY_PROTOCOL_STATE),
		    NULL);
	} else {
		waits = stage_waits(j->door->rules, stage);
		if (waits > may)
			return waits;
		stage_run_within(
		    j->door->rules, stage, may, &subject, &state, &verdict);
		note(j, &subject, stage, &verdict, &state.spf);
		stage_reset_session(&state);
		if (verdict.again)
			return stage_waits(j->door->rules, stage);
		action = policy_answer(
		    &verdict, stage, &subject, j->shared->leftovers);
		*pause = policy_answer_pause(&verdict);
		keep(j, &subject, &verdict, action);
	}
	buf_puts(out, "action=");
	buf_puts(out, action);
	buf_puts(out, "\n\n");
	return WAIT_NONE;
}

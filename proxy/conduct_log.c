/* conduct_log.c - see conduct_log.h. */
#include "proxy/conduct_log.h"

#include <stddef.h>

#include "checks/conduct_keeper.h"
#include "classes/stage_conduct.h"
#include "proxy/hall.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

static void
add(struct session *s, enum conduct what)
{
	s->subject.arena = session_arena(s);
	conduct_keeper_add(s->hall->shared->conduct,
	    stage_site(s->service->rules), &s->subject, s->state.spf.domain,
	    what);
}

void
conduct_log_stage(
    struct session *s, enum stage stage, const struct verdict *verdict)
{
	enum conduct what;

	if (stage_conduct(stage, verdict, &what) && what != CONDUCT_STORED)
		add(s, what);
}

void
conduct_log_content(struct session *s, const char *reply)
{
	if (reply[0] == '5')
		add(s, CONDUCT_CONTENT);
}

void
conduct_log_stored(struct session *s)
{
	add(s, CONDUCT_STORED);
}

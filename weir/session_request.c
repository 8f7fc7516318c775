/* session_request.c - see session_request.h. */
#include "weir/session_request.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "checks/check.h"
#include "checks/policy_service.h"
#include "checks/subject.h"
#include "policy/policy_facts.h"
#include "policy/policy_request.h"

static const char *
state_of(enum stage stage, const struct subject *played)
{
	switch (stage) {
	case STAGE_CONNECT:
		return "CONNECT";
	case STAGE_HELO:
		return strcmp(played->protocol, "SMTP") == 0 ? "HELO" : "EHLO";
	case STAGE_MAIL:
		return "MAIL";
	case STAGE_RCPT:
		return "RCPT";
	case STAGE_DATA:
		return "DATA";
	case STAGE_END:
		return "END-OF-MESSAGE";
	case STAGE_VRFY:
		return "VRFY";
	case STAGE_ETRN:
		return "ETRN";
	}
	return "";
}

/* What Postfix knows at that stage, and tells. */
static struct subject
tellable(const struct subject *played, enum stage stage)
{
	struct subject s = *played;

	/* How a name was found is told by the name alone. */
	if (s.name_status != SUBJECT_NAME_OK)
		s.client_name = "unknown";
	if (s.reverse_status != SUBJECT_NAME_OK)
		s.reverse_name = "unknown";
	/* What tells a session from others. */
	if (s.client_port == NULL)
		s.client_port =
		    arena_printf(s.arena, "%lld", (long long)s.begun);
	if (stage == STAGE_HELO)
		s.protocol = "SMTP";
	if (stage == STAGE_CONNECT || stage == STAGE_HELO ||
	    stage == STAGE_MAIL || s.sender == NULL)
		s.instance = NULL;
	if ((stage == STAGE_DATA || stage == STAGE_END) &&
	    s.recipient_count != 1)
		s.recipient = NULL;
	if (stage != STAGE_END)
		s.size = 0;
	return s;
}

void
session_request(const struct subject *played, enum stage stage,
    const struct site *site, struct subject *told)
{
	const struct policy_service nobody = { .context = "" };
	struct subject sent = tellable(played, stage);
	const struct ask ask = {
		.subject = &sent, .site = site, .where = state_of(stage, played)
	};
	struct policy_request request = { 0 };
	struct err err = { "" };
	struct buf out = { 0 };
	size_t used, len;
	char *data;

	policy_service_request(&ask, &nobody, &out);
	len = out.len;
	data = arena_strndup(played->arena, buf_str(&out), len);
	buf_free(&out);
	must(policy_request_read(&request, data, len, &used, &err) ==
	    POLICY_REQUEST_WHOLE);
	*told = (struct subject){
		.arena = played->arena, .world = played->world, .by = played->by
	};
	must(policy_facts(&request, data, told, &stage));
}

/* client_checks.c - see client_checks.h. */
#include "checks/client_checks.h"

#include "base/event.h"
#include "checks/check.h"
#include "checks/note.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/match.h"
#include "rules/table.h"
#include "rules/world.h"

/* A look-up that failed for now is no reason to refuse for good. */
static int
code_of(const struct ask *ask, enum subject_name status)
{
	if (status == SUBJECT_NAME_TEMP)
		return 450;
	return (int)ask->site->params.unknown_client_reject_code;
}

void
client_checks_unknown(struct ask *ask, struct answer *answer)
{
	const struct subject *s = ask->subject;

	/* A temporary failure defers at once: the restrictions behind this one
	 * that go by the name would judge wrongly. */
	if (s->name_status != SUBJECT_NAME_OK)
		answer_reject(ask, answer, code_of(ask, s->name_status),
		    "4.7.25",
		    "Client host rejected: cannot find your hostname, [%s]",
		    s->client_addr);
}

void
client_checks_unknown_reverse(struct ask *ask, struct answer *answer)
{
	const struct subject *s = ask->subject;

	if (s->reverse_status != SUBJECT_NAME_OK)
		answer_reject(ask, answer, code_of(ask, s->reverse_status),
		    "4.7.1",
		    "Client host rejected: cannot find your reverse hostname, "
		    "[%s]",
		    s->client_addr);
}

/* The log says who was let pass. */
static void
permit(struct ask *ask, struct answer *answer)
{
	answer->kind = ANSWER_PERMIT;
	ask->name = note_client(ask->subject);
	ask->class = "Client host";
}

void
client_checks_mynetworks(struct ask *ask, struct answer *answer)
{
	const struct subject *s = ask->subject;

	answer->input = s->client_addr;
	switch (match_client(ask->site->mynetworks, s->world, s->arena,
	    s->client_name, &s->client)) {
	case TABLE_FOUND:
		permit(ask, answer);
		break;
	case TABLE_NONE:
		break;
	default:
		answer_cannot_ask(ask, answer, ask->name);
	}
}

void
client_checks_own_address(struct ask *ask, struct answer *answer)
{
	answer->input = ask->subject->client_addr;
	if (site_owns(ask->site, &ask->subject->client))
		permit(ask, answer);
}

void
client_checks_authenticated(struct ask *ask, struct answer *answer)
{
	answer->input = ask->subject->sasl_username;
	if (answer->input != NULL && answer->input[0] != '\0')
		permit(ask, answer);
}

void
client_checks_certificate(struct ask *ask, struct answer *answer)
{
	const struct subject *s = ask->subject;
	const char *prints[] = { s->ccert_fingerprint,
		s->ccert_pubkey_fingerprint };
	struct table_value value;

	if (s->ccert_fingerprint == NULL && s->tls_protocol != NULL)
		note_unasked(s, ask->check->name);
	for (unsigned i = 0; i < 2; i++) {
		if (prints[i] == NULL || prints[i][0] == '\0')
			continue;
		answer->input = prints[i];
		switch (world_find_any(s->world, s->arena,
		    ask->site->relay_clientcerts, prints[i], &value)) {
		case TABLE_FOUND:
			permit(ask, answer);
			answer->file = value.file;
			answer->line = value.line;
			return;
		case TABLE_NONE:
			break;
		default:
			event_warning(s->by,
			    "relay_clientcerts: lookup error for fingerprint "
			    "'%s', pkey fingerprint %s",
			    prints[0] != NULL ? prints[0] : "",
			    prints[1] != NULL ? prints[1] : "");
			answer_cannot_ask(ask, answer, ask->name);
			return;
		}
	}
}

void
client_checks_any_certificate(struct ask *ask, struct answer *answer)
{
	answer->input = ask->subject->ccert_cn;
	if (ask->subject->ccert_fingerprint != NULL &&
	    ask->subject->ccert_trusted)
		permit(ask, answer);
	else
		client_checks_certificate(ask, answer);
}

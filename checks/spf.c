/* spf.c - see spf.h. */
#include "checks/spf.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/counters.h"
#include "base/fatal.h"
#include "checks/action.h"
#include "checks/answer.h"
#include "checks/check.h"
#include "checks/checks_events.h"
#include "checks/note.h"
#include "checks/site.h"
#include "checks/spf_evaluate.h"
#include "checks/spf_header.h"
#include "checks/spf_inquiry.h"
#include "checks/spf_memo.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/table.h"
#include "rules/world.h"

/* One question of a message. */
struct inquiry {
	struct ask *ask;
	struct answer *answer;
	struct spf_found found;
	struct spf_memo *memo; /* NULL: the message is not known by a name */
	const char *key;       /* of the message, for the memo */
	const char *helo;      /* that a policy may be of; or NULL */
	const char *domain;    /* the sender's, in ASCII; or NULL */
	const char *local;     /* with it */
	const char *sender;    /* not the null sender; or NULL */
	bool alone;            /* there is nobody to ask about but HELO */
};

/* A machine that talks to itself needs nobody's leave. */
static bool
is_outside(const struct net_addr *client)
{
	static const struct net_addr self6 = { NET_IPV6, { [15] = 1 } };

	if (client->family == NET_IPV4)
		return client->octets[0] != 127;
	return client->family == NET_IPV6 && !net_equal(client, &self6);
}

static void
find_identities(struct inquiry *q, const struct subject *s)
{
	const char *at;

	if (s->helo != NULL)
		q->helo = address_alabel(s->arena, s->helo);
	if (q->helo != NULL && !spf_evaluate_domain(q->helo))
		q->helo = NULL;
	q->alone = s->sender == NULL || s->sender[0] == '\0';
	if (q->alone)
		return;
	q->sender = s->sender;
	at = strrchr(s->sender, '@');
	if (at == NULL)
		return;
	q->domain = address_alabel(s->arena, at + 1);
	if (q->domain != NULL && !spf_evaluate_domain(q->domain))
		q->domain = NULL;
	q->local = arena_strndup(s->arena, s->sender, (size_t)(at - s->sender));
}

/* clang-format off */
static struct counter results[] = {
	[SPF_PASS]      = { .name = "check_spf: pass" },
	[SPF_FAIL]      = { .name = "check_spf: fail" },
	[SPF_SOFTFAIL]  = { .name = "check_spf: softfail" },
	[SPF_NEUTRAL]   = { .name = "check_spf: neutral" },
	[SPF_NONE]      = { .name = "check_spf: none" },
	[SPF_TEMPERROR] = { .name = "check_spf: temperror" },
	[SPF_PERMERROR] = { .name = "check_spf: permerror" },
};
/* clang-format on */

/* What the policy of ${domain} says. */
static void
inquire(struct inquiry *q, struct spf_side *side, const char *local,
    const char *domain)
{
	const struct ask *ask = q->ask;
	struct subject *s = ask->subject;
	struct spf_query query = { .client = s->client,
		.helo = s->helo != NULL ? s->helo : "",
		.receiver = ask->site->myhostname };

	if (side->known)
		return;
	side->known = true;
	side->why = "";
	side->result = SPF_NONE;
	if (domain != NULL) {
		query.sender = arena_printf(s->arena, "%s@%s", local, domain);
		side->result = spf_inquiry_run(s->world, s->arena, &query,
		    world_mono(s->world) +
			ask->site->params.weir_spf_time_limit,
		    &side->why);
	}
	spf_memo_keep(q->memo, q->key, &q->found);
	counters_add(&results[side->result]);
	event(&checks_events_spf, s->by, "result",
	    spf_evaluate_word(side->result), "client", note_client(s),
	    "identity", side == &q->found.mail ? "mailfrom" : "helo", "name",
	    side == &q->found.mail ? s->sender : s->helo, "text",
	    side->why[0] != '\0' ? side->why : NULL, NULL);
}

/* What is done where no table says anything. */
static void
act_by_default(struct inquiry *q, const struct spf_side *side, bool mail)
{
	const struct ask *ask = q->ask;
	const struct subject *s = ask->subject;
	const char *who =
	    mail ? address_external(s->arena, s->sender) : s->helo;
	const char *class = mail ? "Sender address" : "Helo command";

	if (side->result == SPF_FAIL) {
		answer_reject(ask, q->answer, 550, "5.7.23",
		    "<%s>: %s rejected: SPF: %s may not send mail of %s", who,
		    class, s->client_addr, mail ? q->domain : q->helo);
	} else if (side->result == SPF_TEMPERROR && (mail || q->alone)) {
		answer_reject(ask, q->answer, 451, "4.7.24",
		    "<%s>: %s rejected: SPF: %s", who, class, side->why);
		answer_soften(ask, q->answer, ANSWER_DEFER_IF_PERMIT);
	}
}

/* Do what is said of one result; true: nothing more is to be asked. */
static bool
act(struct inquiry *q, const struct spf_side *side, bool mail)
{
	struct ask *ask = q->ask;
	struct subject *s = ask->subject;
	struct answer *answer = q->answer;
	const char *word = spf_evaluate_word(side->result);
	const char *keys[] = {
		arena_printf(
		    s->arena, "%s:%s", mail ? "mailfrom" : "helo", word),
		word,
	};

	for (size_t i = 0; i < 2; i++) {
		struct table_value value;
		enum table_status status = world_find_any(s->world, s->arena,
		    ask->site->spf_actions, keys[i], &value);

		if (status == TABLE_NONE)
			continue;
		if (status == TABLE_FAILED)
			value.text = "451 4.3.5 Server configuration error";
		answer->file = value.file;
		answer->line = value.line;
		action_parse(
		    ask, "weir_spf_actions", keys[i], value.text, answer);
		return answer->kind != ANSWER_DUNNO || answer->stop;
	}
	act_by_default(q, side, mail);
	return answer->kind != ANSWER_DUNNO;
}

/* The message gets one header, about its sender if it has one. */
static void
tell(struct inquiry *q)
{
	const struct ask *ask = q->ask;
	const struct subject *s = ask->subject;
	const struct spf_side *side =
	    q->alone ? &q->found.helo : &q->found.mail;
	struct spf_header header = { .result = side->result,
		.mail = !q->alone,
		.domain = q->alone ? q->helo : q->domain,
		.client = s->client_addr,
		.helo = s->helo != NULL ? s->helo : "",
		.sender = q->sender != NULL ? q->sender : "<>",
		.receiver = ask->site->myhostname,
		.why = side->why };

	if (!side->known || q->found.told || s->sender == NULL ||
	    !ask->site->params.weir_spf_header ||
	    strcmp(ask->where, "END-OF-MESSAGE") == 0)
		return;
	if (header.domain == NULL)
		header.domain = q->alone ? header.helo : header.sender;
	answer_effect(ask, q->answer, EFFECT_PREPEND,
	    spf_header_print(s->arena, &header));
	q->found.told = true;
	spf_memo_keep(q->memo, q->key, &q->found);
}

/* For weir explain: what was asked, and what came of it. */
static const char *
describe(const struct inquiry *q)
{
	const struct subject *s = q->ask->subject;
	const struct spf_side *helo = &q->found.helo, *mail = &q->found.mail;
	const char *first = "";

	if (helo->known)
		first = arena_printf(s->arena, "helo %s: %s%s%s%s",
		    s->helo != NULL ? s->helo : "",
		    spf_evaluate_word(helo->result),
		    helo->why[0] != '\0' ? ", " : "", helo->why,
		    mail->known ? "; " : "");
	if (!mail->known)
		return first;
	return arena_printf(s->arena, "%smailfrom %s: %s%s%s", first, s->sender,
	    spf_evaluate_word(mail->result), mail->why[0] != '\0' ? ", " : "",
	    mail->why);
}

/* What is known of the message, and whom to ask about. */
static void
recall(struct inquiry *q, const struct subject *s)
{
	bool named = s->instance != NULL && s->instance[0] != '\0';

	q->key =
	    arena_printf(s->arena, "%s\n%s\n%s\n%s", named ? s->instance : "",
		s->client_addr, s->helo != NULL ? s->helo : "",
		s->sender != NULL ? s->sender : "\n");
	q->memo = named ? s->world->spf_memo : NULL;
	spf_memo_find(q->memo, s->arena, q->key, &q->found);
	find_identities(q, s);
}

static struct spf_standing
standing(const struct inquiry *q, struct arena *arena)
{
	const struct spf_side *side =
	    q->alone ? &q->found.helo : &q->found.mail;
	struct spf_standing found = { side->known, side->result, NULL };

	if (side->known && side->result == SPF_PASS)
		found.domain =
		    arena_strdup(arena, q->alone ? q->helo : q->domain);
	return found;
}

void
spf_ask(struct ask *ask, struct answer *answer)
{
	const struct subject *s = ask->subject;
	struct inquiry q = { .ask = ask, .answer = answer };
	bool more;

	if (!is_outside(&s->client) || (s->helo == NULL && s->sender == NULL))
		return;
	recall(&q, s);
	/* A name that can have no policy is not worth a word, unless there is
	 * nothing else. */
	if (q.helo != NULL || q.alone)
		inquire(&q, &q.found.helo, "postmaster", q.helo);
	more = !q.found.helo.known || !act(&q, &q.found.helo, false);
	if (more && !q.alone) {
		inquire(&q, &q.found.mail, q.local, q.domain);
		(void)act(&q, &q.found.mail, true);
	}
	tell(&q);
	ask->spf = standing(&q, s->arena);
	answer->input = describe(&q);
}

struct spf_standing
spf_find(const struct subject *s, const struct spf_standing *known)
{
	struct inquiry q = { 0 };

	if (known->known || s->world->spf_memo == NULL || s->instance == NULL ||
	    s->sender == NULL)
		return *known;
	recall(&q, s);
	return standing(&q, s->arena);
}

/* In the subject's arena, as what is kept may be replaced. */
const char *
spf_domain(const struct subject *s, const struct spf_standing *known)
{
	const char *domain = spf_find(s, known).domain;

	return domain != NULL ? arena_strdup(s->arena, domain) : NULL;
}

void
spf_keep(struct spf_standing *kept, const struct spf_standing *found)
{
	char *before = kept->domain, *domain = before;

	if (found->domain != before) {
		domain = found->domain != NULL ? strdup(found->domain) : NULL;
		if (found->domain != NULL && domain == NULL)
			fatal("out of memory");
		free(before);
	}
	*kept = (struct spf_standing){ found->known, found->result, domain };
}

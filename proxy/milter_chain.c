/* milter_chain.c - see milter_chain.h. */
#include "proxy/milter_chain.h"

#include <stdlib.h>
#include <string.h>

#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "proxy/milter_macro.h"
#include "proxy/milter_peer.h"
#include "proxy/milter_setting.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "rules/table.h"
#include "rules/world.h"

struct milter_chain {
	struct milter_setting_list list;
	struct milter_answer broken; /* to all, if the list is bad */
	struct milter_peer **peers;
	const char *refusal; /* of a recipient that they are told of; or NULL */
};

static const char not_set_up[] =
    "451 4.3.5 Server configuration problem - try again later";
static const char cannot_ask[] =
    "451 4.7.1 Service unavailable - try again later";

/* The milters that a map has for this client.  A map that cannot be asked
 * must not let a message pass by the milters that it would have named. */
static void
find(struct session *s, const struct milter_setting_all *all,
    struct milter_chain *chain)
{
	struct table_value value;
	struct err err = { 0 };

	chain->list = all->list;
	if (all->maps == NULL)
		return;
	switch (world_find_any(s->subject.world, session_arena(s), all->maps,
	    s->subject.client_addr, &value)) {
	case TABLE_NONE:
		break;
	case TABLE_FAILED:
		chain->list.bad = true;
		chain->broken.reply = cannot_ask;
		break;
	case TABLE_FOUND:
		chain->list = (struct milter_setting_list){ 0 };
		if (strcmp(value.text, "DISABLE") != 0)
			milter_setting_parse(
			    all, value.text, s->facts, &chain->list, &err);
		if (err.text[0] != '\0')
			event_warning(
			    &s->by_itself, "smtpd_milter_maps: %s", err.text);
		break;
	}
}

struct milter_chain *
milter_chain_new(struct session *s)
{
	const struct milter_setting_all *all = s->service->milters;
	struct milter_chain *chain;

	if (all == NULL)
		return NULL;
	chain = calloc(1, sizeof *chain);
	if (chain == NULL)
		fatal("out of memory");
	find(s, all, chain);
	if (chain->list.bad && chain->broken.reply == NULL)
		chain->broken.reply = not_set_up;
	if (chain->list.count == 0 && !chain->list.bad) {
		free(chain);
		return NULL;
	}
	chain->peers =
	    calloc(chain->list.count + 1, sizeof(struct milter_peer *));
	if (chain->peers == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < chain->list.count; i++)
		chain->peers[i] = milter_peer_new(
		    &chain->list.items[i], s->facts, &s->by_itself);
	return chain;
}

void
milter_chain_free(struct milter_chain *chain)
{
	if (chain == NULL)
		return;
	for (size_t i = 0; i < chain->list.count; i++)
		milter_peer_free(chain->peers[i]);
	free(chain->peers);
	free(chain);
}

void
milter_chain_abort(struct milter_chain *chain)
{
	if (chain == NULL)
		return;
	for (size_t i = 0; i < chain->list.count; i++)
		milter_peer_abort(chain->peers[i]);
}

void
milter_chain_open(struct session *s)
{
	struct milter_chain *chain = s->milters;

	for (size_t i = 0; i < chain->list.count && !chain->list.bad; i++)
		milter_peer_open(chain->peers[i]);
}

size_t
milter_chain_count(const struct milter_chain *chain)
{
	return chain->list.bad ? 0 : chain->list.count;
}

struct milter_peer *
milter_chain_peer(struct milter_chain *chain, size_t i)
{
	return chain->peers[i];
}

bool
milter_chain_standing(
    const struct milter_chain *chain, struct milter_answer *answer)
{
	answer->reply = chain->broken.reply;
	if (chain->list.bad)
		return true;
	for (size_t i = 0; i < chain->list.count; i++)
		if (milter_peer_standing(chain->peers[i], answer))
			return true;
	return false;
}

void
milter_chain_tell_one(struct session *s, struct milter_peer *peer, char command,
    const struct buf *data, struct milter_edit_list *edits,
    struct milter_answer *answer)
{
	const struct milter_setting_all *all = s->service->milters;
	enum milter_setting_stage stage = milter_peer_stage(command);
	const char *names = milter_peer_macros(peer, stage);
	struct milter_macro_moment moment = { .refusal = s->milters->refusal };
	struct buf macros = { 0 };

	if (names == NULL)
		names = all->macros[stage];
	if (milter_peer_hears_macros(peer, command))
		milter_macro_print(s, all, names, &moment, &macros);
	milter_peer_tell(peer, command, &macros, data, edits, answer);
	buf_free(&macros);
}

void
milter_chain_tell(struct session *s, char command, const struct buf *data,
    const char *refusal, struct milter_answer *answer)
{
	struct milter_chain *chain = s->milters;
	struct milter_answer one = { .arena = answer->arena };

	answer->reply = chain->broken.reply;
	answer->who = s->service->milters->name;
	chain->refusal = refusal;
	for (size_t i = 0; i < milter_chain_count(chain); i++) {
		struct milter_peer *peer = chain->peers[i];

		if (refusal != NULL && !milter_peer_hears_refused(peer))
			continue;
		milter_chain_tell_one(s, peer, command, data, NULL, &one);
		if (refusal != NULL)
			continue;
		answer->hold |= one.hold;
		answer->discard = one.discard;
		answer->reply = one.reply;
		answer->who = one.who;
		if (one.discard || one.reply != NULL)
			break;
	}
	chain->refusal = NULL;
}

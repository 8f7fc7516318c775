/* stage_waits.c - see stage_waits.h. */
#include "classes/stage_waits.h"

#include "classes/rules.h"

enum {
	CLIENT = 1U << RULES_CLIENT,
	HELO = 1U << RULES_HELO,
	SENDER = 1U << RULES_SENDER,
	RECIPIENT = 1U << RULES_RELAY | 1U << RULES_RECIPIENT,
	DATA = 1U << RULES_DATA,
	END = 1U << RULES_END,
	ETRN = 1U << RULES_ETRN,
};

static enum wait
lists_wait(const struct rules *rules, unsigned which)
{
	enum wait waits = WAIT_NONE;

	for (unsigned i = 0; i < RULES_LISTS; i++)
		if ((which & 1U << i) != 0 && rules->lists[i].count > 0)
			waits = wait_longer(waits,
			    wait_longer(rules->lists[i].waits,
				atomic_load(&rules->found_waits)));
	return waits;
}

enum wait
stage_waits(const struct rules *rules, enum stage stage)
{
	const struct classes_params *p = &rules->params;
	bool delay = p->smtpd_delay_reject, routes = false;
	unsigned lists = 0;

	/* The client, HELO and sender lists run where a client sends them, or
	 * at RCPT. */
	switch (stage) {
	case STAGE_CONNECT:
		lists = delay ? 0 : CLIENT;
		break;
	case STAGE_HELO:
		lists = delay ? 0 : HELO;
		break;
	case STAGE_MAIL:
		lists = delay ? 0 : SENDER;
		routes = !delay && p->smtpd_reject_unlisted_sender;
		break;
	case STAGE_RCPT:
	case STAGE_VRFY:
		lists = RECIPIENT | (delay ? CLIENT | HELO | SENDER : 0);
		routes = true;
		break;
	case STAGE_DATA:
		lists = DATA;
		break;
	case STAGE_END:
		lists = END;
		break;
	case STAGE_ETRN:
		lists = ETRN | (delay ? CLIENT | HELO : 0);
		break;
	}
	return routes && rules->routes_block ? WAIT_OTHERS
					     : lists_wait(rules, lists);
}

/* helo_checks.c - see helo_checks.h. */
#include "checks/helo_checks.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/net.h"
#include "checks/check.h"
#include "checks/lookup.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/address.h"

/* Without the one dot that may end a name. */
static const char *
trim_dot(const struct ask *ask, const char *name)
{
	size_t n = strlen(name);

	if (n > 1 && name[n - 1] == '.' && name[n - 2] != '.')
		return arena_strndup(ask->subject->arena, name, n - 1);
	return name;
}

/* RFC 5321, 4.1.3: "192.0.2.1" or "IPv6:2001:db8::1", without its brackets. */
static bool
valid_literal(const char *text)
{
	struct net_addr addr;

	if (strncasecmp(text, "IPv6:", 5) == 0)
		return text[5] != '[' && address_numeric(text + 5, &addr) &&
		    strchr(text + 5, ':') != NULL;
	return text[0] != '[' && address_numeric(text, &addr) &&
	    addr.family == NET_IPV4;
}

/* Answer for an address literal, with or without brackets. */
static void
judge_literal(struct ask *ask, struct answer *answer)
{
	const char *text = ask->value;
	size_t n = strlen(text);

	if (n > 2 && text[0] == '[' && text[n - 1] == ']')
		text = arena_strndup(ask->subject->arena, text + 1, n - 2);
	if (!valid_literal(text))
		answer_reject(ask, answer,
		    (int)ask->site->params.invalid_hostname_reject_code,
		    "5.5.2", "<%s>: %s rejected: invalid ip address", ask->name,
		    ask->class);
}

void
helo_checks_invalid(struct ask *ask, struct answer *answer)
{
	const char *name = trim_dot(ask, ask->value);
	struct net_addr addr;

	if (ask->value[0] == '[')
		judge_literal(ask, answer);
	else if (!dns_valid_hostname(name, false) &&
	    !address_numeric(name, &addr))
		answer_reject(ask, answer,
		    (int)ask->site->params.invalid_hostname_reject_code,
		    "5.5.2", "<%s>: %s rejected: Invalid name", ask->name,
		    ask->class);
}

void
helo_checks_non_fqdn(struct ask *ask, struct answer *answer)
{
	const char *name = trim_dot(ask, ask->value);

	if (ask->value[0] == '[')
		judge_literal(ask, answer);
	else if (!dns_valid_hostname(name, false) || strchr(name, '.') == NULL)
		answer_reject(ask, answer,
		    (int)ask->site->params.non_fqdn_reject_code, "5.5.2",
		    "<%s>: %s rejected: need fully-qualified hostname",
		    ask->name, ask->class);
}

void
helo_checks_unknown(struct ask *ask, struct answer *answer)
{
	int code = (int)ask->site->params.unknown_hostname_reject_code;
	const char *why = "Host not found";

	if (ask->value[0] == '[') {
		judge_literal(ask, answer);
		return;
	}
	switch (lookup_host(ask, ask->value)) {
	case LOOKUP_FOUND:
	case LOOKUP_NULL_MX: /* a host that takes no mail may send some */
		return;
	case LOOKUP_POLICY:
		event_warning(ask->subject->by,
		    "%s: address or MX lookup error: %s", ask->value,
		    "DNS reply filter drops all results");
		return;
	case LOOKUP_NONE:
		break;
	case LOOKUP_INVALID:
		why = "Malformed DNS server reply";
		break;
	case LOOKUP_RETRY:
		answer_reject(ask, answer, 450, "4.7.1",
		    "<%s>: %s rejected: %s", ask->name, ask->class, why);
		answer_soften(ask, answer, ask->site->helo_tempfail);
		return;
	}
	answer_reject(ask, answer, code, "4.7.1", "<%s>: %s rejected: %s",
	    ask->name, ask->class, why);
}

void
helo_checks_naked_address(struct ask *ask, struct answer *answer)
{
	if (ask->value[strspn(ask->value, "0123456789.:")] != '\0')
		return;
	judge_literal(ask, answer);
	if (answer->kind == ANSWER_DUNNO)
		answer->kind = ANSWER_PERMIT;
}

/* lookup.c - see lookup.h. */
#include "checks/lookup.h"

#include <string.h>

#include "base/arena.h"
#include "checks/check.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/record_filter.h"
#include "rules/table.h"
#include "rules/world.h"

static enum lookup_status
filter(const struct ask *ask, const char *name, enum dns_type type,
    struct dns_answer *answer, const char **why)
{
	struct subject *subject = ask->subject;
	struct dns_question q = { .name = name, .type = type };
	enum record_filter result;

	q.answer = *answer;
	result = record_filter(ask->site->dns_reply_filter, subject->world,
	    subject->arena, subject->by, &q);
	*answer = q.answer;
	if (result == RECORD_FILTER_KEPT)
		return LOOKUP_FOUND;
	*why = record_filter_reason(result);
	return result == RECORD_FILTER_GONE ? LOOKUP_POLICY : LOOKUP_RETRY;
}

const char *
lookup_reason(const struct dns_answer *answer)
{
	switch (answer->status) {
	case DNS_NXDOMAIN:
		return "Host not found";
	case DNS_NODATA:
		return "Host found but no data record of requested type";
	case DNS_INVALID:
		return "Malformed or unexpected name server reply";
	case DNS_RETRY:
		return "Host not found, try again";
	case DNS_FOUND:
		break;
	}
	return "";
}

const char *
lookup_no_address(const struct dns_answer *a, const struct dns_answer *aaaa)
{
	if (a->status == DNS_RETRY || aaaa->status == DNS_RETRY)
		return "Temporary failure in name resolution";
	if (a->status == DNS_NXDOMAIN && aaaa->status == DNS_NXDOMAIN)
		return "Name or service not known";
	return "No address associated with hostname";
}

enum lookup_status
lookup_sift(const struct ask *ask, const char *name, enum dns_type type,
    struct dns_answer *answer, const char **why)
{
	*why = lookup_reason(answer);
	switch (answer->status) {
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return LOOKUP_NONE;
	case DNS_INVALID:
		return LOOKUP_INVALID;
	case DNS_RETRY:
		return LOOKUP_RETRY;
	case DNS_FOUND:
		break;
	}
	if (type == DNS_MX && answer->count == 1 &&
	    answer->records[0].name[0] == '\0')
		return LOOKUP_NULL_MX;
	if (ask->site->dns_reply_filter->count == 0)
		return LOOKUP_FOUND;
	return filter(ask, name, type, answer, why);
}

enum lookup_status
lookup_dns(const struct ask *ask, const char *name, enum dns_type type,
    struct dns_answer *answer)
{
	struct subject *subject = ask->subject;
	const char *ascii, *why;
	size_t n = strlen(name);

	memset(answer, 0, sizeof *answer);
	if (n > 1 && name[n - 1] == '.')
		name = arena_strndup(subject->arena, name, n - 1);
	ascii = address_alabel(subject->arena, name);
	if (ascii == NULL || !dns_valid_hostname(ascii, false)) {
		answer->status = DNS_NXDOMAIN;
		return LOOKUP_NONE;
	}
	world_dns(subject->world, subject->arena, ascii, type, answer);
	return lookup_sift(ask, ascii, type, answer, &why);
}

static enum lookup_status
worse(enum lookup_status a, enum lookup_status b)
{
	return a > b ? a : b;
}

enum lookup_status
lookup_mail_host(const struct ask *ask, const char *name)
{
	struct dns_answer answer;
	enum lookup_status status = lookup_dns(ask, name, DNS_MX, &answer);

	/* What the MX says is final but when it says nothing; a filter that
	 * hides it must not make the address of the name count instead. */
	if (status != LOOKUP_NONE && status != LOOKUP_RETRY)
		return status;
	status = worse(status, lookup_dns(ask, name, DNS_A, &answer));
	if (status != LOOKUP_FOUND)
		status =
		    worse(status, lookup_dns(ask, name, DNS_AAAA, &answer));
	return status;
}

enum lookup_status
lookup_host(const struct ask *ask, const char *name)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX };
	enum lookup_status status = LOOKUP_NONE;
	struct dns_answer answer;

	for (size_t i = 0;
	     i < sizeof types / sizeof types[0] && status != LOOKUP_FOUND; i++)
		status =
		    worse(status, lookup_dns(ask, name, types[i], &answer));
	return status;
}

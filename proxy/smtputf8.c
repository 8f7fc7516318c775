/* smtputf8.c - see smtputf8.h. */
#include "proxy/smtputf8.h"

#include <stddef.h>
#include <strings.h>

#include "base/utf8.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "queue/envelope.h"
#include "rules/utf8_class.h"

bool
smtputf8_is_word(const struct session *s, const char *word)
{
	return (s->keywords & SMTP_SERVICE_SMTPUTF8) &&
	    strcasecmp(word, "SMTPUTF8") == 0;
}

const char *
smtputf8_refusal(const struct session *s, bool asked, const char *address)
{
	if (asked || !s->params->strict_smtputf8 || s->service->local ||
	    utf8_is_ascii(address))
		return NULL;
	return "553 5.6.7 Must declare SMTPUTF8 to send unicode address";
}

static bool
is_international(const struct envelope *e)
{
	if (!utf8_is_ascii(e->sender))
		return true;
	for (size_t i = 0; i < e->nrcpts; i++)
		if (!utf8_is_ascii(e->rcpts[i].address))
			return true;
	return utf8_class_wants(e->headers, e->nheaders);
}

void
smtputf8_detect(const struct session *s, struct envelope *envelope)
{
	if (s->service->detects_utf8 && is_international(envelope))
		envelope->utf8 = true;
}

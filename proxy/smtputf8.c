/* smtputf8.c - see smtputf8.h. */
#include "proxy/smtputf8.h"

#include <stddef.h>
#include <strings.h>

#include "base/utf8.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

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

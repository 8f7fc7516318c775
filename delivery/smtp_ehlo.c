/* smtp_ehlo.c - see smtp_ehlo.h. */
#include "delivery/smtp_ehlo.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/event.h"
#include "delivery/delivery.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_xforward.h"

enum { SILENT = 1 << 16 }; /* of the admin, not of a server */

/* As they are listed in the log. */
static const struct {
	const char *name;
	unsigned feature;
} keywords[] = {
	{ "8BITMIME", SMTP_8BITMIME },
	{ "AUTH", SMTP_AUTH },
	{ "ETRN", SMTP_ETRN },
	{ "PIPELINING", SMTP_PIPELINING },
	{ "SIZE", SMTP_SIZE },
	{ "VERP", SMTP_VERP },
	{ "VRFY", SMTP_VRFY },
	{ "XCLIENT", SMTP_XCLIENT },
	{ "XFORWARD", SMTP_XFORWARD },
	{ "STARTTLS", SMTP_STARTTLS },
	{ "ENHANCEDSTATUSCODES", SMTP_ENHANCEDSTATUSCODES },
	{ "DSN", SMTP_DSN },
	{ "SMTPUTF8", SMTP_UTF8 },
	{ "CHUNKING", SMTP_CHUNKING },
	{ "SILENT-DISCARD", SILENT },
};

enum { NKEYWORDS = sizeof keywords / sizeof keywords[0] };

static unsigned
feature(const char *word, size_t n)
{
	for (size_t i = 0; i < NKEYWORDS; i++)
		if (strlen(keywords[i].name) == n &&
		    strncasecmp(keywords[i].name, word, n) == 0)
			return keywords[i].feature;
	return 0;
}

static void
report(unsigned overlooked)
{
	struct buf names = { 0 };

	for (size_t i = 0; i < NKEYWORDS; i++)
		if ((overlooked & keywords[i].feature) != 0)
			buf_printf(&names, " %s", keywords[i].name);
	event_info(NULL, "discarding EHLO keywords:%s", buf_str(&names));
	buf_free(&names);
}

/* Features that the admin does not want to be seen.  False: a table cannot be
 * asked. */
static bool
find_overlooked(
    const struct smtp_session *s, struct arena *arena, unsigned *overlooked)
{
	const struct smtp_client *c = s->client;
	const char *list = c->discard_ehlo_keywords, *word;
	struct table_value value;

	*overlooked = 0;
	if (c->overlooked != NULL) {
		switch (smtp_session_find(s, c->overlooked, arena, &value)) {
		case TABLE_FOUND:
			list = value.text;
			break;
		case TABLE_NONE:
			break;
		case TABLE_FAILED:
			return false;
		}
	}
	while ((word = conf_word(&list, arena)) != NULL)
		*overlooked |= feature(word, strlen(word));
	if (*overlooked != 0 && (*overlooked & SILENT) == 0)
		report(*overlooked);
	return true;
}

bool
smtp_ehlo_parse(
    struct smtp_session *s, struct arena *arena, struct smtp_why *why)
{
	const char *line = strchr(buf_str(&s->reply.text), '\n');
	unsigned overlooked;

	if (!find_overlooked(s, arena, &overlooked)) {
		smtp_session_quit(s, false);
		smtp_session_data_error(s, arena, why);
		return false;
	}

	s->features = SMTP_ESMTP;
	s->size_limit = 0;
	s->xforward = 0;
	for (; line != NULL; line = strchr(line, '\n')) {
		size_t n;
		unsigned what;

		line++;
		if (strcspn(line, "\n") < 4)
			continue;
		line += 4; /* the code */
		n = strcspn(line, " \n");
		what = feature(line, n);
		s->features |= what;
		if (what == SMTP_SIZE && line[n] == ' ')
			s->size_limit = strtoull(line + n, NULL, 10);
		if (what == SMTP_XFORWARD)
			s->xforward = smtp_xforward_parse(line + n);
	}
	s->features &= ~overlooked;
	/* RFC 6531, 3.1: whoever has one has the other. */
	if ((s->features & (SMTP_UTF8 | SMTP_8BITMIME)) == SMTP_UTF8) {
		event_info(NULL,
		    "host %s offers SMTPUTF8 support, but not "
		    "8BITMIME",
		    s->peer);
		s->features |= SMTP_8BITMIME;
	}
	return true;
}

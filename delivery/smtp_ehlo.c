/* smtp_ehlo.c - see smtp_ehlo.h. */
#include "delivery/smtp_ehlo.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_xforward.h"

static const struct {
	const char *name;
	enum smtp_feature feature;
} keywords[] = {
	{ "PIPELINING", SMTP_PIPELINING },
	{ "SIZE", SMTP_SIZE },
	{ "8BITMIME", SMTP_8BITMIME },
	{ "DSN", SMTP_DSN },
	{ "STARTTLS", SMTP_STARTTLS },
	{ "SMTPUTF8", SMTP_UTF8 },
	{ "XFORWARD", SMTP_XFORWARD },
};

static unsigned
feature(const char *word, size_t n)
{
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
		if (strlen(keywords[i].name) == n &&
		    strncasecmp(keywords[i].name, word, n) == 0)
			return keywords[i].feature;
	return 0;
}

static unsigned
overlooked(const struct smtp_client *client, struct arena *arena)
{
	const char *cursor = client->discard_ehlo_keywords, *word;
	unsigned all = 0;

	while ((word = conf_word(&cursor, arena)) != NULL)
		all |= feature(word, strlen(word));
	return all;
}

void
smtp_ehlo_parse(struct smtp_session *s, struct arena *arena)
{
	const char *line = strchr(buf_str(&s->reply.text), '\n');

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
	s->features &= ~overlooked(s->client, arena);
}

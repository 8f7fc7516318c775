/* ehlo_keywords.c - see ehlo_keywords.h. */
#include "proxy/ehlo_keywords.h"

#include <stddef.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "proxy/smtp_service.h"

/* In the order of the log line. */
/* clang-format off */
static const struct { const char *name; unsigned bit; } keywords[] = {
	{ "8BITMIME", SMTP_SERVICE_8BITMIME },
	{ "AUTH", SMTP_SERVICE_AUTH },
	{ "ENHANCEDSTATUSCODES", SMTP_SERVICE_ENHANCEDSTATUSCODES },
	{ "ETRN", SMTP_SERVICE_ETRN },
	{ "PIPELINING", SMTP_SERVICE_PIPELINING },
	{ "SIZE", SMTP_SERVICE_SIZE },
	{ "VERP", SMTP_SERVICE_VERP },
	{ "VRFY", SMTP_SERVICE_VRFY },
	{ "XCLIENT", SMTP_SERVICE_XCLIENT },
	{ "XFORWARD", SMTP_SERVICE_XFORWARD },
	{ "STARTTLS", SMTP_SERVICE_STARTTLS },
	{ "DSN", SMTP_SERVICE_DSN },
	{ "SMTPUTF8", SMTP_SERVICE_SMTPUTF8 },
	{ "CHUNKING", SMTP_SERVICE_CHUNKING },
	{ "PRDR", SMTP_SERVICE_PRDR },
	{ "SILENT-DISCARD", SMTP_SERVICE_SILENT },
};
/* clang-format on */
enum { COUNT = sizeof keywords / sizeof keywords[0] };

unsigned
ehlo_keywords_parse(const char *text, struct arena *arena, struct err *err)
{
	const char *word;
	unsigned bits = 0;
	size_t i;

	while ((word = conf_word(&text, arena)) != NULL) {
		for (i = 0;
		     i < COUNT && strcasecmp(word, keywords[i].name) != 0; i++)
			continue;
		if (i < COUNT)
			bits |= keywords[i].bit;
		else
			err_set(err, "unknown keyword \"%s\"", word);
	}
	return bits;
}

const char *
ehlo_keywords_print(unsigned bits, struct arena *arena)
{
	struct buf text = { 0 };
	const char *words;

	for (size_t i = 0; i < COUNT; i++)
		if (bits & keywords[i].bit)
			buf_printf(&text, "%s%s", text.len > 0 ? " " : "",
			    keywords[i].name);
	words = arena_strdup(arena, buf_str(&text));
	buf_free(&text);
	return words;
}

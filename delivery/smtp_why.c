/* smtp_why.c - see smtp_why.h. */
#include "delivery/smtp_why.h"

#include <stdarg.h>
#include <stddef.h>

#include "base/arena.h"
#include "delivery/smtp_reply.h"

void
smtp_why_set(struct smtp_why *why, struct arena *arena, const char *dsn,
    const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	*why = (struct smtp_why){ .dsn = arena_strdup(arena, dsn),
		.text = arena_vprintf(arena, format, ap) };
	va_end(ap);
}

void
smtp_why_reply(struct smtp_why *why, struct arena *arena, const char *host,
    const struct smtp_reply *reply, const char *prefix, const char *suffix)
{
	const char *error = "", *dsn = reply->dsn;
	struct buf flat = { 0 };

	smtp_reply_flat(reply, &flat);
	/* A reply that is not an answer to the question: not the fault of the
	 * message, so it is not given back for that. */
	if (reply->code < 400) {
		error = "Protocol error: ";
		dsn = "4.5.0";
	}
	smtp_why_set(
	    why, arena, dsn, "%s%s%s%s", error, prefix, buf_str(&flat), suffix);
	why->remote = arena_printf(arena, "dns; %s", host);
	why->diagnostic = arena_printf(arena, "smtp; %s", buf_str(&flat));
	buf_free(&flat);
}

bool
smtp_why_hard(const struct smtp_why *why)
{
	return why->dsn != NULL && why->dsn[0] == '5';
}

void
smtp_why_soften(struct smtp_why *why, struct arena *arena)
{
	char *dsn;

	if (!smtp_why_hard(why))
		return;
	dsn = arena_strdup(arena, why->dsn);
	dsn[0] = '4';
	why->dsn = dsn;
}

/* filter_hold.c - see filter_hold.h.  The filter is to get what it would have
 * got from us: addresses are neither rewritten nor expanded, which is done
 * where it gives the message back. */
#include "proxy/filter_hold.h"

#include <string.h>

#include "base/arena.h"
#include "proxy/filter_setting.h"
#include "proxy/mail.h"
#include "queue/envelope.h"
#include "queue/job.h"

/* The endpoint as a next hop of SMTP; see base/dial.h for its forms. */
static const char *
nexthop(struct arena *arena, const char *endpoint)
{
	const char *host, *port;

	if (strncmp(endpoint, "inet:", 5) != 0)
		return endpoint;
	host = endpoint + 5;
	port = strrchr(host, ':');
	if (port == NULL)
		return arena_printf(arena, "[localhost]:%s", host);
	if (port == host)
		return arena_printf(arena, "[localhost]%s", port);
	return *host == '['
	    ? host
	    : arena_printf(arena, "[%.*s]%s", (int)(port - host), host, port);
}

/* What the filter has sent may be anything. */
static const char *
printable(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *p = copy; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return copy;
}

void
filter_hold_fill(struct mail *mail, const struct filter_setting *filter,
    const char *why, struct envelope *envelope)
{
	struct arena *arena = mail->arena;
	struct envelope_rcpt *rcpts;

	why = printable(arena, why);

	envelope->hold = envelope->rescan = true;
	envelope->filter = arena_printf(
	    arena, "%s:%s", job_rescan, nexthop(arena, filter->endpoint));
	envelope->sender = mail->sender;
	envelope->nrcpts = mail->nrcpts;
	envelope->rcpts = rcpts =
	    arena_alloc(arena, mail->nrcpts * sizeof *rcpts);
	for (size_t i = 0; i < mail->nrcpts; i++)
		rcpts[i] = (struct envelope_rcpt){
			.address = mail->rcpts[i].address,
			.original = "",
			.orcpt = mail->rcpts[i].orcpt,
			.notify = mail->rcpts[i].notify,
			.transport = "",
			.nexthop = "",
			.dsn = "4.3.0",
			.reason = why,
			.remote = "",
			.diagnostic = "",
		};
}

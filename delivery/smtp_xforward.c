/* smtp_xforward.c - see smtp_xforward.h. */
#include "delivery/smtp_xforward.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/xtext.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"
#include "queue/envelope.h"

enum { NAME, ADDR, PORT, PROTO, HELO, IDENT, SOURCE, ALL, SPLIT = PROTO };

static const char *const names[ALL] = { "NAME", "ADDR", "PORT", "PROTO", "HELO",
	"IDENT", "SOURCE" };

unsigned
smtp_xforward_parse(const char *words)
{
	unsigned set = 0;

	while (*words == ' ') {
		size_t n;

		words += strspn(words, " ");
		n = strcspn(words, " \n");
		for (unsigned i = 0; i < ALL; i++)
			if (strlen(names[i]) == n &&
			    strncasecmp(names[i], words, n) == 0)
				set |= 1U << i;
		words += n;
	}
	return set;
}

static void
put_address(struct buf *out, const char *addr)
{
	if (strchr(addr, ':') != NULL)
		buf_puts(out, "IPv6:");
	xtext_put(out, addr);
}

/* One command with the attributes from ${i} to ${end}, as far as they are known
 * and the server wants them. */
static bool
command(struct smtp_session *s, const char *const *values, unsigned i,
    unsigned end, struct arena *arena, struct smtp_why *why)
{
	struct event_by by =
	    transport_by(s->client->transport, s->number, NULL);
	struct buf out = { 0 };
	bool ok = true;

	for (; i < end; i++) {
		if ((s->xforward & 1U << i) == 0 || values[i][0] == '\0' ||
		    strcmp(values[i], "unknown") == 0)
			continue;
		buf_printf(&out, " %s=", names[i]);
		if (i == ADDR)
			put_address(&out, values[i]);
		else
			xtext_put(&out, values[i]);
	}
	if (out.len > 0) {
		smtp_session_say(
		    s, arena_printf(arena, "XFORWARD%s", buf_str(&out)));
		ok = smtp_session_read(s, s->client->xforward_timeout,
		    end == SPLIT ? "sending XFORWARD name/address"
				 : "sending XFORWARD protocol/helo_name",
		    arena, why);
	}
	buf_free(&out);
	if (ok && s->reply.code / 100 != 2) {
		smtp_why_reply(why, arena, s->host, &s->reply, "", "");
		event_warning(&by,
		    "host %s said: %s (in reply to XFORWARD %s command)",
		    s->peer, why->text,
		    end == SPLIT ? "name/address" : "helo/protocol");
	}
	return ok;
}

bool
smtp_xforward_send(struct smtp_session *s, const struct envelope *e,
    struct arena *arena, struct smtp_why *why)
{
	const char *const values[ALL] = { e->client_name, e->client_addr,
		e->client_port, e->protocol, e->helo,
		e->ident[0] != '\0' ? e->ident : e->qid,
		e->local || e->client_addr[0] == '\0' ? "LOCAL" : "REMOTE" };

	return command(s, values, 0, SPLIT, arena, why) &&
	    command(s, values, SPLIT, ALL, arena, why);
}

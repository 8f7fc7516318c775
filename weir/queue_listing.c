/* queue_listing.c - see queue_listing.h.  Columns are Postfix's, to the
 * blank: programs cut them out. */
#include "weir/queue_listing.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/local_time.h"
#include "queue/envelope.h"
#include "rules/address.h"

const char *
queue_listing_name(enum admin_state state)
{
	switch (state) {
	case ADMIN_INCOMING:
		return "incoming";
	case ADMIN_ACTIVE:
		return "active";
	case ADMIN_DEFERRED:
		return "deferred";
	case ADMIN_HOLD:
		return "hold";
	}
	return "unknown";
}

/* Is there still something to do with it, by us or an administrator? */
static bool
is_left(const struct envelope_rcpt *r)
{
	return r->state == ENVELOPE_TODO || r->state == ENVELOPE_HELD;
}

/* The null sender as it is shown. */
static const char *
sender(struct arena *arena, const struct envelope *e)
{
	return e->sender[0] != '\0' ? address_external(arena, e->sender)
				    : "MAILER-DAEMON";
}

static void
put_message(const struct queue_listing *l, struct arena *arena,
    enum admin_state state, const struct envelope *e, struct buf *out)
{
	char date[LOCAL_TIME_TEXT], id[ENVELOPE_QID + 2];

	(void)local_time_text(date, e->arrival, "%a %b %e %H:%M:%S ");
	(void)snprintf(id, sizeof id, "%s%s", e->qid,
	    state == ADMIN_ACTIVE     ? "*"
		: state == ADMIN_HOLD ? "!"
				      : "");
	if (l->long_ids)
		buf_printf(out, "%-17s %8llu %19.19s %s\n", id,
		    (unsigned long long)e->size, date, sender(arena, e));
	else
		buf_printf(out, "%-11s %7llu %20.20s %s\n", id,
		    (unsigned long long)e->size, date, sender(arena, e));
}

void
queue_listing_entry(struct queue_listing *l, enum admin_state state,
    const struct envelope *e, struct buf *out)
{
	enum { REASON_ENDS = 76, SHORT = 41, LONG = 47 };
	struct arena *arena = arena_new();
	const char *last = "";

	if (l->messages++ == 0)
		buf_puts(out,
		    l->long_ids ? "----Queue ID----- --Size-- "
				  "---Arrival Time---- "
				  "--Sender/Recipient------\n"
				: "-Queue ID-  --Size-- "
				  "----Arrival Time---- "
				  "-Sender/Recipient-------\n");
	l->octets += e->size;
	put_message(l, arena, state, e, out);
	for (size_t i = 0; i < e->nrcpts; i++) {
		const struct envelope_rcpt *r = &e->rcpts[i];

		if (!is_left(r))
			continue;
		if (r->reason[0] != '\0' && strcmp(r->reason, last) != 0) {
			size_t n = strlen(r->reason);

			buf_printf(out, "%*s(%s)\n",
			    n < REASON_ENDS ? (int)(REASON_ENDS - n) : 0, "",
			    r->reason);
		}
		last = r->reason;
		buf_printf(out, "%*s%s\n", l->long_ids ? LONG : SHORT, "",
		    address_external(arena, r->address));
	}
	buf_putc(out, '\n');
	arena_free(arena);
}

void
queue_listing_end(const struct queue_listing *l, struct buf *out)
{
	if (l->messages == 0)
		buf_puts(out, "Mail queue is empty\n");
	else
		buf_printf(out, "-- %llu Kbytes in %zu Request%s.\n",
		    l->octets / 1024, l->messages, l->messages == 1 ? "" : "s");
}

static void
put_json(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "\"%s\": \"", name);
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 32 || c == 127)
			buf_printf(out, "\\u%04X", c);
		else
			buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

void
queue_listing_json(
    enum admin_state state, const struct envelope *e, struct buf *out)
{
	struct arena *arena = arena_new();
	const char *separator = "";

	buf_putc(out, '{');
	put_json(out, "queue_name", queue_listing_name(state));
	buf_puts(out, ", ");
	put_json(out, "queue_id", e->qid);
	buf_printf(out,
	    ", \"arrival_time\": %lld, \"message_size\": %llu, "
	    "\"forced_expire\": false, ",
	    (long long)(e->arrival / CLOCK_SECOND),
	    (unsigned long long)e->size);
	put_json(out, "sender", sender(arena, e));
	buf_puts(out, ", \"recipients\": [");
	for (size_t i = 0; i < e->nrcpts; i++) {
		const struct envelope_rcpt *r = &e->rcpts[i];

		if (!is_left(r))
			continue;
		buf_printf(out, "%s{", separator);
		put_json(out, "address", address_external(arena, r->address));
		if (r->reason[0] != '\0') {
			buf_puts(out, ", ");
			put_json(out, "delay_reason", r->reason);
		}
		buf_putc(out, '}');
		separator = ", ";
	}
	buf_puts(out, "]}\n");
	arena_free(arena);
}

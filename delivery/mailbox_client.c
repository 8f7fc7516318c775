/* mailbox_client.c - see mailbox_client.h. */
#include "delivery/mailbox_client.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "delivery/delivery.h"
#include "delivery/local_client.h"
#include "delivery/mailbox.h"
#include "delivery/transport.h"
#include "rules/address.h"

/* The child of the local role may wait for locks; it gives up before us. */
#define PATIENCE (600 * CLOCK_SECOND)

static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h;
}

/* A host name in a file name (maildir(5)): no slash, no colon. */
static const char *
host_part(struct arena *arena, const char *host)
{
	char *copy = arena_strdup(arena, host);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '/' || *p == ':')
			*p = '_';
	return copy;
}

/* The same for every attempt, different for every recipient and message. */
static const char *
file_name(const struct delivery *d, const struct job_rcpt *rcpt)
{
	return arena_printf(d->arena, "%lld.M%06lldQ%sR%016llx.%.100s",
	    (long long)(d->job->arrival / CLOCK_SECOND),
	    (long long)(d->job->arrival % CLOCK_SECOND / 1000), d->job->qid,
	    (unsigned long long)hash(rcpt->address),
	    host_part(d->arena, d->transport->base.myhostname));
}

static void
complete(struct delivery *d, const struct job_rcpt *rcpt, const char *delivered,
    struct mailbox *m)
{
	const struct delivery_params *p = &d->transport->params;

	m->strict = p->strict_mailbox_ownership && !m->named;
	m->attempts = (unsigned)p->deliver_lock_attempts;
	m->delay = p->deliver_lock_delay;
	m->stale = p->stale_lock_time;
	m->name = file_name(d, rcpt);
	m->from = local_client_from(d);
	m->head = arena_printf(d->arena, "%s%s%s", local_client_return_path(d),
	    local_client_original_to(d, rcpt),
	    delivered != NULL ? local_client_delivered_to(d, delivered) : "");
}

bool
mailbox_client_loops(struct delivery *d, size_t rcpt, const char *relay)
{
	const char *address = d->job->rcpts[rcpt].address;
	struct delivery_end end = {
		.status = JOB_BOUNCED, .dsn = "5.4.6", .relay = relay
	};

	if (!content_has_header(&d->content, "Delivered-To",
		address_external(d->arena, address)))
		return false;
	end.text =
	    arena_printf(d->arena, "mail forwarding loop for %s", address);
	delivery_end(d, rcpt, &end);
	return true;
}

/* It is only asked whether it could be written. */
static void
would_write(struct delivery *d, size_t rcpt, const struct mailbox *mailbox,
    struct delivery_end *end)
{
	end->status = JOB_SENT;
	end->dsn = "2.0.0";
	end->text = mailbox->maildir ? "delivers to maildir"
	    : mailbox->named
	    ? arena_printf(d->arena, "delivers to file: %s/%s",
		  strcmp(mailbox->base, "/") == 0 ? "" : mailbox->base,
		  mailbox->path)
	    : "delivers to mailbox";
	delivery_end(d, rcpt, end);
}

void
mailbox_client_write(struct delivery *d, size_t rcpt, struct mailbox *mailbox,
    const char *delivered, struct delivery_end *end)
{
	const char *sent = end->text;
	struct mailbox_answer a = { .warning = "" };
	struct buf request = { 0 };
	struct err err = { { 0 } };

	if (delivery_is_probe(d)) {
		would_write(d, rcpt, mailbox, end);
		return;
	}
	complete(d, &d->job->rcpts[rcpt], delivered, mailbox);
	mailbox->size = local_client_size(d, &err);
	mailbox_print(mailbox, &request);
	if (err.text[0] == '\0')
		(void)local_client_ask(d, &request, PATIENCE, &a, &err);
	buf_free(&request);
	if (sent != NULL && a.result == MAILBOX_DONE)
		a.text = sent;
	local_client_decide(d, rcpt, rcpt + 1, end, &a, &err);
}

void
mailbox_client_deliver(
    struct delivery *d, size_t rcpt, struct mailbox *mailbox, const char *relay)
{
	struct delivery_end end = { .relay = relay };

	mailbox_client_write(
	    d, rcpt, mailbox, d->job->rcpts[rcpt].address, &end);
}

/* smtp_envelope.c - see smtp_envelope.h. */
#include "delivery/smtp_envelope.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "delivery/delivery.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_generic.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"
#include "rules/address.h"

/* A message that came with SMTPUTF8 needs it on, if it has made use of it. */
static bool
needs_utf8(const struct delivery *d)
{
	const struct envelope *e = &d->content.envelope;

	if (!d->job->utf8)
		return false;
	if (!utf8_is_ascii(d->job->sender))
		return true;
	for (size_t i = 0; i < d->job->nrcpts; i++)
		if (!d->decided[i] && !utf8_is_ascii(d->job->rcpts[i].address))
			return true;
	for (size_t i = 0; i < e->nheaders; i++)
		if (((unsigned char)e->headers[i] & 0x80) != 0)
			return true;
	return false;
}

bool
smtp_envelope_check(const struct smtp_session *s, const struct delivery *d,
    struct arena *arena, struct smtp_why *why)
{
	unsigned long long size = d->job->size;

	if (s->size_limit != 0 && size > s->size_limit) {
		smtp_why_set(why, arena, "5.3.4",
		    "message size %llu exceeds size limit %llu of server %s",
		    size, (unsigned long long)s->size_limit, s->peer);
		return false;
	}
	if ((s->features & SMTP_UTF8) == 0 && needs_utf8(d)) {
		smtp_why_set(why, arena, "5.6.7",
		    "SMTPUTF8 is required, but was not offered by host %s",
		    s->peer);
		return false;
	}
	return true;
}

bool
smtp_envelope_downgrades(const struct smtp_session *s, const struct delivery *d)
{
	return (s->features & SMTP_8BITMIME) == 0 &&
	    !d->transport->params.disable_mime_output_conversion;
}

static const char *
external(const struct smtp_session *s, struct arena *arena, const char *address)
{
	if (*address == '\0' || !s->client->quote_rfc821_envelope)
		return address;
	return address_external(arena, address);
}

void
smtp_envelope_mail(struct smtp_session *s, const struct delivery *d,
    const struct smtp_names *names, struct arena *arena)
{
	const struct job *job = d->job;
	struct buf out = { 0 };

	buf_printf(&out, "MAIL FROM:<%s>", external(s, arena, names->sender));
	/* What is converted grows. */
	if ((s->features & SMTP_SIZE) != 0 && job->size > 0 &&
	    !smtp_envelope_downgrades(s, d))
		buf_printf(&out, " SIZE=%llu", (unsigned long long)job->size);
	if ((s->features & SMTP_8BITMIME) != 0 && job->eight_bit)
		buf_printf(&out, " BODY=8BITMIME");
	if ((s->features & SMTP_DSN) != 0) {
		if (job->envid[0] != '\0')
			buf_printf(&out, " ENVID=%s", job->envid);
		if (job->ret != 0)
			buf_printf(
			    &out, " RET=%s", job->ret == 'F' ? "FULL" : "HDRS");
	}
	if ((s->features & SMTP_UTF8) != 0 && job->utf8)
		buf_printf(&out, " SMTPUTF8");
	smtp_session_say(s, buf_str(&out));
	buf_free(&out);
}

static void
put_notify(struct buf *out, unsigned notify)
{
	static const struct {
		unsigned flag;
		const char *word;
	} words[] = {
		{ ENVELOPE_NOTIFY_NEVER, "NEVER" },
		{ ENVELOPE_NOTIFY_SUCCESS, "SUCCESS" },
		{ ENVELOPE_NOTIFY_FAILURE, "FAILURE" },
		{ ENVELOPE_NOTIFY_DELAY, "DELAY" },
	};
	const char *before = " NOTIFY=";

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if ((notify & words[i].flag) == 0)
			continue;
		buf_printf(out, "%s%s", before, words[i].word);
		before = ",";
	}
}

/* RFC 3461, 4: xtext. */
static void
put_original(const struct smtp_session *s, const char *address,
    struct arena *arena, struct buf *out)
{
	const char *p = address_external(arena, address);
	bool ascii = utf8_is_ascii(p);

	if (!ascii && (s->features & SMTP_UTF8) == 0)
		return;
	buf_printf(out, " ORCPT=%s;", ascii ? "rfc822" : "utf-8");
	for (; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 33 || c == 127 || c == '+' || c == '=')
			buf_printf(out, "+%02X", c);
		else
			buf_putc(out, *p);
	}
}

void
smtp_envelope_rcpt(struct smtp_session *s, const struct delivery *d,
    const struct smtp_names *names, size_t i, struct arena *arena)
{
	const struct job_rcpt *rcpt = &d->job->rcpts[i];
	struct buf out = { 0 };

	buf_printf(&out, "RCPT TO:<%s>", external(s, arena, names->rcpts[i]));
	if ((s->features & SMTP_DSN) != 0) {
		if (rcpt->orcpt[0] != '\0')
			buf_printf(&out, " ORCPT=%s", rcpt->orcpt);
		else if (rcpt->original[0] != '\0')
			put_original(s, rcpt->original, arena, &out);
		else if (d->transport->params.enable_original_recipient)
			put_original(s, rcpt->address, arena, &out);
		put_notify(&out, rcpt->notify);
	}
	smtp_session_say(s, buf_str(&out));
	buf_free(&out);
}

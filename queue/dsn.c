/* dsn.c - see dsn.h.
 *
 * The parts, their order and the names of fields are those that Postfix sends,
 * since programs parse them; the sentences are ours. */
#include "queue/dsn.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/local_time.h"
#include "base/utf8.h"
#include "rules/address.h"

enum { LINE = 79, FOLD_MOST = 900 };

static bool
is_delay(const struct dsn *dsn)
{
	return dsn->kind == DSN_DELAY || dsn->kind == DSN_COPY_DELAY;
}

/* Append ${text}, from the network, so that it stays one line: no control
 * characters, and above ASCII only UTF-8, if the message may have it. */
static void
put_clean(struct buf *out, const char *text, bool utf8)
{
	while (*text != '\0') {
		unsigned char c = (unsigned char)*text;
		size_t n = c < ' ' || c == 127 || (c > 127 && !utf8)
		    ? 0
		    : utf8_length(text);

		if (n == 0)
			buf_putc(out, '?');
		else
			buf_put(out, text, n);
		text += n + (n == 0);
	}
}

/* Append clean ${text}, broken at blanks into lines that begin with
 * ${indent}; the first one has ${used} octets already. */
static void
put_wrapped(struct buf *out, const char *text, const char *indent, size_t used,
    bool utf8)
{
	struct buf clean = { 0 };
	const char *p;

	put_clean(&clean, text, utf8);
	p = buf_str(&clean);
	while (*p != '\0') {
		size_t n = strcspn(p + (*p == ' '), " ") + (*p == ' ');

		/* A word that has no blank must end somewhere, too, but not
		 * within a character. */
		if (n > FOLD_MOST)
			n = FOLD_MOST;
		while (((unsigned char)p[n] & 0xc0) == 0x80)
			n--;
		if (used > strlen(indent) && used + n > LINE) {
			buf_printf(out, "\r\n%s", indent);
			used = strlen(indent);
			if (*p == ' ') {
				p++;
				n--;
			}
		}
		buf_put(out, p, n);
		used += n;
		p += n;
	}
	buf_free(&clean);
}

/* Of what comes from the network, the notice may have what is UTF-8: it was
 * asked for, or that is what all text here is. */
static bool
has_utf8(const struct dsn *dsn)
{
	return dsn->utf8 || strcasecmp(dsn->charset, "utf-8") == 0;
}

/* Append an address in external form; as "<...>" it is never empty. */
static void
put_address(struct buf *out, const char *internal, bool utf8)
{
	struct arena *arena = arena_new();

	put_clean(out, address_external(arena, internal), utf8);
	arena_free(arena);
}

/* Nobody has a name, too. */
static void
put_sender(const struct dsn *dsn, struct buf *out)
{
	put_address(out, dsn->sender, has_utf8(dsn));
	if (dsn->sender[0] == '\0')
		buf_printf(out, "MAILER-DAEMON@%s", dsn->myhostname);
}

/* "name: type;value" with its folding. */
static void
put_field(struct buf *out, const char *name, const char *value, bool utf8)
{
	buf_printf(out, "%s: ", name);
	put_wrapped(out, value, "    ", strlen(name) + 2, utf8);
	buf_puts(out, "\r\n");
}

static void
put_boundary(const struct dsn *dsn, struct buf *out)
{
	buf_printf(out, "%s.%lld/%s", dsn->qid,
	    (long long)(dsn->now / CLOCK_SECOND), dsn->myhostname);
}

void
dsn_message_id(const struct dsn *dsn, struct buf *out)
{
	time_t when = (time_t)(dsn->now / CLOCK_SECOND);
	struct tm tm;
	char stamp[32] = "";

	if (gmtime_r(&when, &tm) != NULL)
		(void)strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", &tm);
	buf_printf(out, "<%s.%s@%s>", stamp, dsn->qid, dsn->myhostname);
}

/* Who asks for SMTPUTF8 may have used it for nothing (RFC 6533, 3). */
static const char *
address_type(const struct dsn *dsn, const char *address)
{
	return has_utf8(dsn) && !utf8_is_ascii(address) ? "utf-8" : "rfc822";
}

static void
put_address_field(const struct dsn *dsn, struct buf *out, const char *name,
    const char *internal)
{
	buf_printf(out, "%s: %s; ", name, address_type(dsn, internal));
	put_address(out, internal, has_utf8(dsn));
	buf_puts(out, "\r\n");
}

static bool
has_eight_bit_text(const struct dsn *dsn)
{
	return dsn->utf8 || strcasecmp(dsn->charset, "us-ascii") != 0;
}

static void
put_headers(const struct dsn *dsn, struct buf *out)
{
	buf_printf(out, "Received: by %s (%s)\r\n\tid %s; ", dsn->myhostname,
	    dsn->mail_name, dsn->qid);
	local_time_date(dsn->now, out);
	buf_puts(out, "\r\nDate: ");
	local_time_date(dsn->now, out);
	buf_puts(out, "\r\nFrom: ");
	put_clean(out, dsn->from, false);
	buf_puts(out, "\r\nSubject: ");
	put_clean(out, dsn->subject, false);
	buf_puts(out, "\r\nTo: ");
	put_address(out, dsn->to, has_utf8(dsn));
	if (dsn->thread != NULL && dsn->thread[0] != '\0') {
		buf_puts(out, "\r\nReferences: ");
		put_clean(out, dsn->thread, has_utf8(dsn));
		buf_puts(out, "\r\nIn-Reply-To: ");
		put_clean(out, dsn->thread, has_utf8(dsn));
	}
	/* What the postmaster gets answers nothing of his. */
	buf_printf(out, "\r\nAuto-Submitted: auto-%s\r\n",
	    dsn->kind == DSN_COPY || dsn->kind == DSN_COPY_DELAY ||
		    dsn->kind == DSN_DOUBLE
		? "generated"
		: "replied");
	/* As in Postfix, with SMTPUTF8 as without: programs look for it. */
	buf_puts(out,
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    "\tboundary=\"");
	put_boundary(dsn, out);
	buf_puts(out, "\"\r\n");
	if (dsn->eight_bit || has_eight_bit_text(dsn))
		buf_puts(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_puts(out, "Message-Id: ");
	dsn_message_id(dsn, out);
	buf_puts(out, "\r\n\r\n");
}

static void
put_part(const struct dsn *dsn, struct buf *out, const char *description,
    const char *type)
{
	buf_puts(out, "--");
	put_boundary(dsn, out);
	buf_printf(out, "\r\nContent-Description: %s\r\nContent-Type: %s\r\n",
	    description, type);
}

/* The sentences in front of the reasons, whose lines end as they like. */
static void
put_text(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n' &&
		    (out->len == 0 || out->data[out->len - 1] != '\r'))
			buf_putc(out, '\r');
		buf_putc(out, *text);
	}
	buf_puts(out, "\r\n");
}

/* Of a message with UTF-8 in its addresses, the reasons have it, too. */
static const char *
charset(const struct dsn *dsn)
{
	if (dsn->utf8 && strcasecmp(dsn->charset, "us-ascii") == 0)
		return "utf-8";
	return dsn->charset;
}

static void
put_explanation(const struct dsn *dsn, struct buf *out)
{
	struct buf type = { 0 };

	buf_printf(&type, "text/plain; charset=%s", charset(dsn));
	put_part(dsn, out, "Notification", buf_str(&type));
	buf_free(&type);
	if (has_eight_bit_text(dsn))
		buf_puts(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_puts(out, "\r\n");
	put_text(dsn->text != NULL ? dsn->text : "", out);
	for (size_t i = 0; i < dsn->nrcpts; i++) {
		const struct dsn_rcpt *r = &dsn->rcpts[i];
		size_t start = out->len;

		buf_putc(out, '<');
		put_address(out, r->address, has_utf8(dsn));
		buf_putc(out, '>');
		if (r->original[0] != '\0' &&
		    strcmp(r->original, r->address) != 0) {
			buf_puts(out, " (expanded from <");
			put_address(out, r->original, has_utf8(dsn));
			buf_puts(out, ">)");
		}
		buf_puts(out, ": ");
		put_wrapped(
		    out, r->reason, "    ", out->len - start, has_utf8(dsn));
		buf_puts(out, "\r\n\r\n");
	}
}

/* ORCPT as it was given, or what Postfix makes of RCPT: without a blank. */
static void
put_original_recipient(
    const struct dsn *dsn, const struct dsn_rcpt *r, struct buf *out)
{
	const char *original =
	    r->original[0] != '\0' ? r->original : r->address;

	if (r->orcpt[0] != '\0') {
		put_field(out, "Original-Recipient", r->orcpt, has_utf8(dsn));
		return;
	}
	buf_printf(out, "Original-Recipient: %s;", address_type(dsn, original));
	put_address(out, original, has_utf8(dsn));
	/* As it was when it came, but no reader knows our domain. */
	if (strchr(original, '@') == NULL)
		buf_printf(out, "@%s", dsn->myorigin);
	buf_puts(out, "\r\n");
}

static const char *
action(const struct dsn *dsn, const struct dsn_rcpt *r)
{
	if (dsn->kind == DSN_TRACE)
		return r->action;
	if (dsn->kind == DSN_SUCCESS)
		return r->relayed ? "relayed"
		    : r->expanded ? "expanded"
				  : "delivered";
	return is_delay(dsn) ? "delayed" : "failed";
}

static void
put_recipient(const struct dsn *dsn, const struct dsn_rcpt *r, struct buf *out)
{
	struct buf diagnostic = { 0 };

	buf_puts(out, "\r\n");
	put_address_field(dsn, out, "Final-Recipient", r->address);
	put_original_recipient(dsn, r, out);
	put_field(out, "Action", action(dsn, r), false);
	put_field(out, "Status", r->dsn[0] != '\0' ? r->dsn : "5.0.0", false);
	if (r->remote[0] != '\0')
		put_field(out, "Remote-MTA", r->remote, has_utf8(dsn));
	if (r->diagnostic[0] != '\0')
		buf_puts(&diagnostic, r->diagnostic);
	else
		buf_printf(&diagnostic, "X-%s; %s", dsn->mail_name, r->reason);
	put_field(out, "Diagnostic-Code", buf_str(&diagnostic), has_utf8(dsn));
	buf_free(&diagnostic);
	if (is_delay(dsn)) {
		buf_puts(out, "Will-Retry-Until: ");
		local_time_date(dsn->retry_until, out);
		buf_puts(out, "\r\n");
	}
}

static int
hex(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *p = c != '\0' ? strchr(digits, c) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

/* As the client meant it: it came as xtext. */
static void
put_envid(const char *xtext, struct buf *out)
{
	struct buf plain = { 0 };

	for (const char *p = xtext; *p != '\0'; p++) {
		int high = *p == '+' ? hex(p[1]) : -1;
		int low = high >= 0 ? hex(p[2]) : -1;

		if (low >= 0 && high * 16 + low > 0) {
			buf_putc(&plain, (char)(high * 16 + low));
			p += 2;
		} else {
			buf_putc(&plain, *p);
		}
	}
	put_field(out, "Original-Envelope-Id", buf_str(&plain), false);
	buf_free(&plain);
}

static void
put_fields(const struct dsn *dsn, struct buf *out)
{
	buf_printf(out, "Reporting-MTA: dns; %s\r\n", dsn->myhostname);
	if (dsn->envid[0] != '\0')
		put_envid(dsn->envid, out);
	buf_printf(out, "X-%s-Queue-ID: %s\r\n", dsn->mail_name, dsn->about);
	buf_printf(out, "X-%s-Sender: %s; ", dsn->mail_name,
	    address_type(dsn, dsn->sender));
	put_sender(dsn, out);
	buf_puts(out, "\r\nArrival-Date: ");
	local_time_date(dsn->arrival, out);
	buf_puts(out, "\r\n");
	for (size_t i = 0; i < dsn->nrcpts; i++)
		put_recipient(dsn, &dsn->rcpts[i], out);
	buf_puts(out, "\r\n");
}

static void
put_status(const struct dsn *dsn, struct buf *out)
{
	struct buf fields = { 0 };

	put_fields(dsn, &fields);
	put_part(dsn, out, "Delivery report",
	    dsn->utf8 ? "message/global-delivery-status"
		      : "message/delivery-status");
	if (dsn->utf8 || !utf8_is_ascii(buf_str(&fields)))
		buf_puts(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_puts(out, "\r\n");
	buf_put(out, fields.data, fields.len);
	buf_free(&fields);
}

static void
put_original(const struct dsn *dsn, struct buf *out)
{
	const char *type = dsn->utf8 ? "message/global" : "message/rfc822";

	if (dsn->headers_only)
		type = dsn->utf8 ? "message/global-headers"
				 : "text/rfc822-headers";
	put_part(dsn, out,
	    dsn->kind == DSN_SUCCESS || dsn->kind == DSN_TRACE
		? "Message Headers"
		: is_delay(dsn)     ? "Delayed Message Headers"
		: dsn->headers_only ? "Undelivered Message Headers"
				    : "Undelivered Message",
	    type);
	if (dsn->eight_bit || has_eight_bit_text(dsn))
		buf_puts(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_puts(out, "\r\nReturn-Path: <");
	put_sender(dsn, out);
	buf_puts(out, ">\r\n");
	buf_put(out, dsn->headers, dsn->nheaders);
	/* Without the empty line, which belongs to a body. */
	if (dsn->headers_only && out->len >= 4 &&
	    memcmp(out->data + out->len - 4, "\r\n\r\n", 4) == 0)
		buf_cut(out, out->len - 2);
	if (!dsn->headers_only)
		buf_put(out, dsn->body, dsn->nbody);
	if (out->len < 2 || memcmp(out->data + out->len - 2, "\r\n", 2) != 0)
		buf_puts(out, "\r\n");
}

void
dsn_build(const struct dsn *dsn, struct buf *headers, struct buf *body)
{
	put_headers(dsn, headers);
	buf_puts(body, "This is a MIME-encapsulated message.\r\n\r\n");
	put_explanation(dsn, body);
	put_status(dsn, body);
	put_original(dsn, body);
	buf_puts(body, "\r\n--");
	put_boundary(dsn, body);
	buf_puts(body, "--\r\n");
}

/* envelope.c - see envelope.h.
 *
 * The stored form: "WEIRMSG1", or "WEIRMSG2" if recipients have targets, or
 * "WEIRMSG3" if there is VERP; the lengths of fields, headers and body; a seal
 * of all that and the fields; a seal of headers and body (these are all
 * numbers of eight octets); fields; headers; body.  The fields stand first so
 * that a listing touches one page of a large record. */
#include "queue/envelope.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "queue/seal.h"

static const char magic[7] = { 'W', 'E', 'I', 'R', 'M', 'S', 'G' };

enum {
	LENGTHS = 8, /* where they stand, behind the magic and the version */
	SEALED = LENGTHS + 3 * 8,
	PREFIX = SEALED + 2 * 8,
};

enum envelope_flag {
	FLAG_UTF8 = 1,
	FLAG_EIGHT_BIT = 2,
	FLAG_HOLD = 4,
	FLAG_WARNED = 8,
	FLAG_BOUNCE = 16,
	FLAG_RESCAN = 32,
	FLAG_TRACE = 64,
	FLAG_VERIFY = 128,
	FLAG_UNSEEN = 256,
	FLAG_LOCAL = 512,
	FLAG_ALL = 1023,
};

static unsigned
flags_of(const struct envelope *e)
{
	return (e->utf8 ? FLAG_UTF8 : 0U) |
	    (e->eight_bit ? FLAG_EIGHT_BIT : 0U) | (e->hold ? FLAG_HOLD : 0U) |
	    (e->bounced_delay_warning ? FLAG_WARNED : 0U) |
	    (e->is_bounce ? FLAG_BOUNCE : 0U) | (e->rescan ? FLAG_RESCAN : 0U) |
	    (e->trace == ENVELOPE_TRACE_ATTEMPT ? FLAG_TRACE : 0U) |
	    (e->trace == ENVELOPE_TRACE_VERIFY ? FLAG_VERIFY : 0U) |
	    (e->unseen ? FLAG_UNSEEN : 0U) | (e->local ? FLAG_LOCAL : 0U);
}

/* Each older version lacks one thing more: another queue's name, VERP, targets. */
static char
version_of(const struct envelope *e)
{
	if (e->ident != NULL && e->ident[0] != '\0')
		return '4';
	if (e->verp != NULL && e->verp[0] != '\0')
		return '3';
	for (size_t i = 0; i < e->nrcpts; i++)
		if (e->rcpts[i].target != NULL && e->rcpts[i].target[0] != '\0')
			return '2';
	return '1';
}

static void
put_rcpt(struct buf *out, const struct envelope_rcpt *r, char version)
{
	frame_put_str(out, r->address);
	frame_put_str(out, r->original);
	frame_put_str(out, r->orcpt);
	frame_put_num(out, r->notify);
	frame_put_str(out, r->transport);
	frame_put_str(out, r->nexthop);
	if (version > '1')
		frame_put_str(out, r->target);
	frame_put_num(out, r->state);
	frame_put_str(out, r->dsn);
	frame_put_str(out, r->reason);
	frame_put_str(out, r->remote);
	frame_put_str(out, r->diagnostic);
}

static void
put_fields(struct buf *out, const struct envelope *e, char version)
{
	frame_put_str(out, e->qid);
	frame_put_num(out, (uint64_t)e->arrival);
	frame_put_num(out, (uint64_t)e->not_before);
	frame_put_num(out, e->attempts);
	frame_put_str(out, e->sender);
	frame_put_str(out, e->envid);
	if (version > '2')
		frame_put_str(out, e->verp);
	frame_put_num(out, (unsigned char)e->ret);
	frame_put_num(out, flags_of(e));
	frame_put_num(out, e->size);
	frame_put_str(out, e->filter);
	frame_put_str(out, e->client_name);
	frame_put_str(out, e->client_addr);
	frame_put_str(out, e->client_port);
	frame_put_str(out, e->helo);
	frame_put_str(out, e->protocol);
	frame_put_str(out, e->sasl_method);
	frame_put_str(out, e->sasl_username);
	if (version > '3')
		frame_put_str(out, e->ident);
	frame_put_str(out, e->message_id);
	frame_put_num(out, e->nchunks);
	frame_put_num(out, e->nrcpts);
	for (size_t i = 0; i < e->nrcpts; i++)
		put_rcpt(out, &e->rcpts[i], version);
}

void
envelope_print(const struct envelope *e, struct buf *out)
{
	struct buf prefix = { 0 };
	size_t start = out->len;
	char version = version_of(e);
	char *fields;
	size_t n;

	must(e->nchunks == 0 || e->nbody == 0);
	memset(buf_reserve(out, PREFIX), 0, PREFIX);
	buf_added(out, PREFIX);
	put_fields(out, e, version);
	n = out->len - start - PREFIX;
	buf_put(&prefix, magic, sizeof magic);
	buf_putc(&prefix, version);
	frame_put_num(&prefix, n);
	frame_put_num(&prefix, e->nheaders);
	frame_put_num(&prefix, e->nbody);
	fields = out->data + start + PREFIX;
	frame_put_num(&prefix, seal(seal(0, prefix.data, SEALED), fields, n));
	frame_put_num(
	    &prefix, seal(seal(0, e->headers, e->nheaders), e->body, e->nbody));
	must(prefix.len == PREFIX);
	memcpy(out->data + start, prefix.data, PREFIX);
	buf_free(&prefix);
	buf_put(out, e->headers, e->nheaders);
	buf_put(out, e->body, e->nbody);
}

static bool
get_flags(uint64_t flags, struct envelope *e)
{
	e->utf8 = (flags & FLAG_UTF8) != 0;
	e->eight_bit = (flags & FLAG_EIGHT_BIT) != 0;
	e->hold = (flags & FLAG_HOLD) != 0;
	e->bounced_delay_warning = (flags & FLAG_WARNED) != 0;
	e->is_bounce = (flags & FLAG_BOUNCE) != 0;
	e->rescan = (flags & FLAG_RESCAN) != 0;
	e->unseen = (flags & FLAG_UNSEEN) != 0;
	e->local = (flags & FLAG_LOCAL) != 0;
	e->trace = (flags & FLAG_VERIFY) != 0 ? ENVELOPE_TRACE_VERIFY
	    : (flags & FLAG_TRACE) != 0       ? ENVELOPE_TRACE_ATTEMPT
					      : ENVELOPE_TRACE_NONE;
	return flags <= FLAG_ALL && flags_of(e) == flags;
}

static bool
get_rcpt(struct frame_reader *r, struct arena *arena, char version,
    struct envelope_rcpt *rcpt)
{
	uint64_t state;

	rcpt->address = frame_str(r, arena);
	rcpt->original = frame_str(r, arena);
	rcpt->orcpt = frame_str(r, arena);
	rcpt->notify = (unsigned)frame_num(r);
	rcpt->transport = frame_str(r, arena);
	rcpt->nexthop = frame_str(r, arena);
	rcpt->target = version > '1' ? frame_str(r, arena) : "";
	state = frame_num(r);
	rcpt->state = (enum envelope_state)state;
	rcpt->dsn = frame_str(r, arena);
	rcpt->reason = frame_str(r, arena);
	rcpt->remote = frame_str(r, arena);
	rcpt->diagnostic = frame_str(r, arena);
	return !r->bad && state <= ENVELOPE_EXPANDED;
}

static bool
get_rcpts(struct frame_reader *r, struct arena *arena, char version,
    struct envelope *e)
{
	/* A recipient takes at least the lengths of its fields. */
	enum { LEAST = 9 * 4 + 2 * 8 };

	e->nrcpts = frame_num(r);
	if (r->bad || e->nrcpts > (size_t)(r->end - r->p) / LEAST)
		return false;
	e->rcpts = arena_alloc(arena, e->nrcpts * sizeof *e->rcpts);
	for (size_t i = 0; i < e->nrcpts; i++)
		if (!get_rcpt(r, arena, version, &e->rcpts[i]))
			return false;
	return r->p == r->end;
}

/* All fields but the recipients. */
static bool
get_fields(struct frame_reader *r, struct arena *arena, char version,
    struct envelope *e)
{
	const char *qid = frame_str(r, arena);
	uint64_t ret, flags;

	if (!envelope_qid_valid(qid))
		return false;
	(void)snprintf(e->qid, sizeof e->qid, "%s", qid);
	e->arrival = (int64_t)frame_num(r);
	e->not_before = (int64_t)frame_num(r);
	e->attempts = (unsigned)frame_num(r);
	e->sender = frame_str(r, arena);
	e->envid = frame_str(r, arena);
	e->verp = version > '2' ? frame_str(r, arena) : "";
	ret = frame_num(r);
	e->ret = (char)ret;
	flags = frame_num(r);
	e->size = frame_num(r);
	e->filter = frame_str(r, arena);
	e->client_name = frame_str(r, arena);
	e->client_addr = frame_str(r, arena);
	e->client_port = frame_str(r, arena);
	e->helo = frame_str(r, arena);
	e->protocol = frame_str(r, arena);
	e->sasl_method = frame_str(r, arena);
	e->sasl_username = frame_str(r, arena);
	e->ident = version > '3' ? frame_str(r, arena) : "";
	e->message_id = frame_str(r, arena);
	e->nchunks = frame_num(r);
	return !r->bad && get_flags(flags, e) &&
	    (ret == 0 || ret == 'F' || ret == 'H') &&
	    (e->verp[0] == '\0' || strlen(e->verp) == 2) &&
	    (e->nchunks == 0 || e->nbody == 0);
}

static bool
parse(const char *data, size_t n, struct arena *arena, struct envelope *e,
    bool content_whole, bool rcpts)
{
	struct frame_reader r = { .p = data, .end = data + n };
	const char *fields;
	uint64_t nfields, nheaders, nbody, sealed, content;

	*e = (struct envelope){ 0 };
	if (n < PREFIX || memcmp(data, magic, sizeof magic) != 0 ||
	    data[sizeof magic] < '1' || data[sizeof magic] > '4')
		return false;
	r.p += LENGTHS;
	nfields = frame_num(&r);
	nheaders = frame_num(&r);
	nbody = frame_num(&r);
	sealed = frame_num(&r);
	content = frame_num(&r);
	fields = r.p;
	n -= PREFIX;
	if (nfields > n || nheaders > n - nfields ||
	    nbody != n - nfields - nheaders)
		return false;
	e->headers = fields + nfields;
	e->nheaders = nheaders;
	e->body = e->headers + nheaders;
	e->nbody = nbody;
	if (seal(seal(0, data, SEALED), fields, nfields) != sealed)
		return false;
	if (content_whole &&
	    seal(seal(0, e->headers, nheaders), e->body, nbody) != content)
		return false;
	r.end = fields + nfields;
	if (!get_fields(&r, arena, data[sizeof magic], e))
		return false;
	return !rcpts ||
	    (get_rcpts(&r, arena, data[sizeof magic], e) &&
		version_of(e) == data[sizeof magic]);
}

bool
envelope_parse(
    const char *data, size_t n, struct arena *arena, struct envelope *e)
{
	return parse(data, n, arena, e, true, true);
}

bool
envelope_peek(
    const char *data, size_t n, struct arena *arena, struct envelope *e)
{
	return parse(data, n, arena, e, false, true);
}

bool
envelope_parse_content(
    const char *data, size_t n, struct arena *arena, struct envelope *e)
{
	return parse(data, n, arena, e, true, false);
}

bool
envelope_has_verp(const struct envelope *e)
{
	return e->verp != NULL && e->verp[0] != '\0' && e->sender[0] != '\0';
}

bool
envelope_has(const struct envelope *e, enum envelope_state state)
{
	for (size_t i = 0; i < e->nrcpts; i++)
		if (e->rcpts[i].state == state)
			return true;
	return false;
}

bool
envelope_waits(const struct envelope *e)
{
	bool held = false;

	for (size_t i = 0; i < e->nrcpts; i++) {
		if (e->rcpts[i].state != ENVELOPE_HELD &&
		    e->rcpts[i].state != ENVELOPE_DONE)
			return false;
		held |= e->rcpts[i].state == ENVELOPE_HELD;
	}
	return held;
}

void
envelope_release(struct envelope *e)
{
	for (size_t i = 0; i < e->nrcpts; i++)
		if (e->rcpts[i].state == ENVELOPE_HELD) {
			e->rcpts[i].state = ENVELOPE_TODO;
			e->rcpts[i].dsn = e->rcpts[i].reason = "";
		}
}

/* No vowels, so that no id is a word; the last one, "z", ends the time. */
static const char alphabet[] =
    "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";

/* Write ${value} in ${base}, at least ${least} digits, and a NUL. */
static size_t
put_digits(char *p, uint64_t value, unsigned base, size_t least)
{
	char digits[64];
	size_t n = 0;

	for (; value > 0 || n < least; value /= base)
		digits[n++] = alphabet[value % base];
	for (size_t i = 0; i < n; i++)
		p[i] = digits[n - 1 - i];
	p[n] = '\0';
	return n;
}

void
envelope_qid(
    int64_t now, uint64_t number, bool long_form, char qid[ENVELOPE_QID])
{
	uint64_t seconds = (uint64_t)(now / CLOCK_SECOND);
	uint64_t micro = (uint64_t)(now % CLOCK_SECOND / 1000);
	size_t n;

	if (!long_form) {
		(void)snprintf(qid, ENVELOPE_QID, "%05llX%llX",
		    (unsigned long long)micro, (unsigned long long)number);
		return;
	}
	/* Six digits of seconds last to the year 2596. */
	n = put_digits(qid, seconds % UINT64_C(19770609664), 52, 6);
	n += put_digits(qid + n, micro, 52, 4);
	qid[n++] = 'z';
	(void)put_digits(qid + n, number, 51, 1);
}

bool
envelope_qid_valid(const char *text)
{
	size_t n = strspn(text,
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	return n > 0 && n < ENVELOPE_QID && text[n] == '\0';
}

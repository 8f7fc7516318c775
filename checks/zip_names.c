/* zip_names.c - see zip_names.h.  Programs differ in which headers of an archive
 * they believe, so that each one counts: signatures are searched for, and what
 * follows one is told of if it can be a header. */
#include "checks/zip_names.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/fatal.h"

enum {
	LOCAL = 0x04034b50,
	CENTRAL = 0x02014b50,
	END = 0x06054b50,
	SPANNED = 0x08074b50,
	SPANNED_ONE = 0x30304b50,
	MOST_FIELDS = 64, /* of an extra field */
	LOCAL_SIZE = 30,
	CENTRAL_SIZE = 46,
	LONGEST_NAME = 1024, /* more is told as its end */
	DEFLATED = 8,
	FLAG_ENCRYPTED = 1,
	FLAG_SIZE_BEHIND = 8,
	FLAG_UTF8 = 0x800,
	EXTRA_UNICODE = 0x7075,
	UNKNOWN_SIZE = -1,
};

/* A header of a member. */
struct header {
	bool central;
	const unsigned char *name, *extra;
	size_t name_len, extra_len, size; /* the whole, name and extra too */
	unsigned flags, method;
	int64_t packed; /* octets of the member; or UNKNOWN_SIZE */
};

/* A member that is being inflated. */
struct inflater {
	z_stream stream;
	bool open;
	char first[4]; /* of what comes out */
	size_t nfirst;
	bool to_its_end; /* because no header says where that is */
	struct zip_names *inner;
};

struct zip_names {
	const struct zip_names_sink *sink;
	struct zip_limits *limits;
	bool nested;
	unsigned told; /* the sum of 1 << each fact */
	struct buf window;
	uint64_t base;       /* where the window begins in the archive */
	uint64_t scanned;    /* up to where headers were looked for */
	uint64_t data_end;   /* of the latest member: what is before is its */
	uint64_t stated_end; /* ... as its header says */
	uint64_t inflated;   /* up to where the inflater was fed */
	struct inflater inflater;
	struct zip_names_sink inner_sink;
	uint64_t balance; /* names of members, less those of the directory */
	bool ended;       /* the end of the directory was seen */
	bool over;        /* a limit was reached */
};

static unsigned
get16(const unsigned char *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static uint32_t
get32(const unsigned char *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

struct zip_names *
zip_names_new(const struct zip_names_sink *sink, struct zip_limits *limits)
{
	struct zip_names *z = calloc(1, sizeof *z);

	if (z == NULL)
		fatal("out of memory");
	z->sink = sink;
	z->limits = limits;
	return z;
}

static void
stop_inflater(struct zip_names *z)
{
	struct inflater *i = &z->inflater;

	if (i->open)
		(void)inflateEnd(&i->stream);
	zip_names_free(i->inner);
	*i = (struct inflater){ .open = false };
}

void
zip_names_free(struct zip_names *z)
{
	if (z == NULL)
		return;
	stop_inflater(z);
	buf_free(&z->window);
	free(z);
}

bool
zip_names_begins(const char *data, size_t n)
{
	uint32_t first;

	if (n < 4)
		return false;
	first = get32((const unsigned char *)data);
	return first == LOCAL || first == END || first == SPANNED ||
	    first == SPANNED_ONE;
}

static void
tell(struct zip_names *z, enum zip_fact fact)
{
	if ((z->told & 1U << fact) == 0)
		z->sink->fact(z->sink->arg, fact);
	z->told |= 1U << fact;
}

/* A limit was reached: what comes is not looked at. */
static void
give_up(struct zip_names *z)
{
	tell(z, ZIP_LIMIT);
	z->over = true;
}

static void
tell_name(
    struct zip_names *z, const char *charset, const unsigned char *p, size_t n)
{
	struct charset *cs = charset_open(charset, strlen(charset));
	struct buf out = { 0 };

	if (n > LONGEST_NAME) {
		p += n - LONGEST_NAME;
		n = LONGEST_NAME;
	}
	charset_feed(cs, (const char *)p, n, &out);
	charset_end(cs, &out);
	charset_close(cs);
	if (out.len > 0)
		z->sink->member(z->sink->arg, out.data, out.len);
	buf_free(&out);
}

static bool
has_8bit(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n && i < LONGEST_NAME; i++)
		if (p[i] >= 0x80)
			return true;
	return false;
}

/* Programs that know it prefer the name that stands among the extra fields. */
static void
tell_extra(struct zip_names *z, const unsigned char *p, size_t n)
{
	enum { FIELD = 4, BEFORE_NAME = 5 };
	size_t len;

	for (int i = 0; n >= FIELD && i < MOST_FIELDS; i++) {
		len = get16(p + 2);
		if (len > n - FIELD)
			return;
		if (get16(p) == EXTRA_UNICODE && len > BEFORE_NAME) {
			tell_name(
			    z, "", p + FIELD + BEFORE_NAME, len - BEFORE_NAME);
			return;
		}
		p += FIELD + len;
		n -= FIELD + len;
	}
}

static uint64_t
hash(const unsigned char *p, size_t n)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < n && i < LONGEST_NAME; i++)
		sum = (sum ^ p[i]) * 0x100000001b3;
	return sum;
}

static void
tell_member(struct zip_names *z, const struct header *h)
{
	if (z->limits->members == 0) {
		give_up(z);
		return;
	}
	z->limits->members--;
	tell_name(z, "", h->name, h->name_len);
	if (has_8bit(h->name, h->name_len) && (h->flags & FLAG_UTF8) == 0)
		tell_name(z, "ibm437", h->name, h->name_len);
	tell_extra(z, h->extra, h->extra_len);
	if ((h->flags & FLAG_ENCRYPTED) != 0)
		tell(z, ZIP_ENCRYPTED);
}

/* What a member that is an archive has is told as if it were this one's. */
static void
take_inner_member(void *arg, const char *name, size_t len)
{
	const struct zip_names *z = arg;

	z->sink->member(z->sink->arg, name, len);
}

static void
take_inner_fact(void *arg, enum zip_fact fact)
{
	tell(arg, fact);
}

static void
begin_inner(struct zip_names *z)
{
	if (z->nested) {
		tell(z, ZIP_NESTED);
		return;
	}
	z->inner_sink = (struct zip_names_sink){
		.member = take_inner_member,
		.fact = take_inner_fact,
		.arg = z,
	};
	z->inflater.inner = zip_names_new(&z->inner_sink, z->limits);
	z->inflater.inner->nested = true;
	zip_names_feed(
	    z->inflater.inner, z->inflater.first, z->inflater.nfirst);
}

/* The member ends at ${end} of the archive. */
static void
end_member(struct zip_names *z, uint64_t end)
{
	if (z->inflater.inner != NULL && !z->over)
		zip_names_end(z->inflater.inner);
	stop_inflater(z);
	z->data_end = end;
}

/* ${n} octets have come out; false: no more are needed. */
static bool
take_inflated(struct zip_names *z, const char *data, size_t n)
{
	struct inflater *i = &z->inflater;
	bool too_much = n > z->limits->inflated;

	if (too_much)
		n = (size_t)z->limits->inflated;
	z->limits->inflated -= n;
	while (n > 0 && i->nfirst < sizeof i->first) {
		i->first[i->nfirst++] = *data++;
		n--;
		if (i->nfirst == sizeof i->first &&
		    zip_names_begins(i->first, i->nfirst))
			begin_inner(z);
	}
	if (i->inner != NULL)
		zip_names_feed(i->inner, data, n);
	if (too_much)
		give_up(z);
	return !z->over &&
	    (i->inner != NULL || i->to_its_end || i->nfirst < sizeof i->first);
}

/* Inflate what there is, up to the end that the member has by itself. */
static void
inflate_some(struct zip_names *z)
{
	struct inflater *i = &z->inflater;
	uint64_t end = z->base + z->window.len;
	unsigned char out[16 * 1024];
	int status = Z_OK;

	i->stream.next_in =
	    (unsigned char *)z->window.data + (z->inflated - z->base);
	i->stream.avail_in = (unsigned)(end - z->inflated);
	while (status == Z_OK) {
		i->stream.next_out = out;
		i->stream.avail_out = sizeof out;
		status = inflate(&i->stream, Z_NO_FLUSH);
		if (!take_inflated(
			z, (char *)out, sizeof out - i->stream.avail_out)) {
			end_member(z, z->stated_end);
			return;
		}
		if (i->stream.avail_in == 0 && i->stream.avail_out > 0)
			break;
	}
	z->inflated = end - i->stream.avail_in;
	if (status == Z_STREAM_END) {
		if (!i->to_its_end && z->inflated != z->stated_end)
			tell(z, ZIP_DAMAGED);
		end_member(z, z->inflated);
	} else if (status != Z_OK && status != Z_BUF_ERROR) {
		tell(z, ZIP_DAMAGED);
		end_member(z, z->stated_end);
	}
}

/* A member's header, which ends at ${data} of the archive, stands where one is
 * expected. */
static void
begin_member(struct zip_names *z, const struct header *h, uint64_t data)
{
	struct inflater *i = &z->inflater;
	bool known = h->packed != UNKNOWN_SIZE;

	z->stated_end = data + (known ? (uint64_t)h->packed : 0);
	z->data_end = z->stated_end;
	if (h->method != DEFLATED || (h->flags & FLAG_ENCRYPTED) != 0 ||
	    h->packed == 0)
		return;
	if (inflateInit2(&i->stream, -MAX_WBITS) != Z_OK)
		fatal("out of memory");
	i->open = true;
	i->to_its_end = !known;
	z->inflated = data;
	z->data_end = UINT64_MAX;
	inflate_some(z);
}

static void
parse(const unsigned char *p, struct header *h)
{
	bool central = get32(p) == CENTRAL;
	/* From the flags on the two are alike. */
	const unsigned char *common = p + (central ? 8 : 6);
	size_t fixed = central ? CENTRAL_SIZE : LOCAL_SIZE;
	uint32_t packed = get32(common + 12);

	*h = (struct header){
		.central = central,
		.flags = get16(common),
		.method = get16(common + 2),
		.packed = packed,
		.name_len = get16(common + 20),
		.extra_len = get16(common + 22),
		.name = p + fixed,
	};
	h->extra = h->name + h->name_len;
	h->size = fixed + h->name_len + h->extra_len;
	if (packed == UINT32_MAX ||
	    ((h->flags & FLAG_SIZE_BEHIND) != 0 && packed == 0))
		h->packed = UNKNOWN_SIZE;
}

/* What stands at a signature; false: more octets are needed to say. */
static bool
take_signature(struct zip_names *z, const unsigned char *p, size_t n)
{
	bool expected = z->scanned >= z->data_end;
	uint32_t signature = get32(p);
	struct header h;

	if (signature == END)
		z->ended = z->ended || expected;
	if (signature != LOCAL && signature != CENTRAL)
		return true;
	if (n < (signature == LOCAL ? LOCAL_SIZE : CENTRAL_SIZE))
		return false;
	parse(p, &h);
	if (n < h.size)
		return false;
	if (h.name_len == 0)
		return true;
	tell_member(z, &h);
	if (!expected || z->over)
		return true;
	if (h.central) {
		z->balance -= hash(h.name, h.name_len);
	} else {
		z->balance += hash(h.name, h.name_len);
		begin_member(z, &h, z->scanned + h.size);
	}
	return true;
}

/* Look for headers in what there is; ${last}: no more comes. */
static void
scan(struct zip_names *z, bool last)
{
	const char *p, *start;
	size_t left;

	while (!z->over) {
		start = z->window.data + (z->scanned - z->base);
		left = z->window.len - (size_t)(z->scanned - z->base);
		if (left < 4)
			break;
		p = memmem(start, left - 2, "PK", 2);
		if (p == NULL) {
			z->scanned += left - 3;
			break;
		}
		z->scanned += (uint64_t)(p - start);
		left -= (size_t)(p - start);
		if (!take_signature(z, (const unsigned char *)p, left) && !last)
			break;
		z->scanned += 2;
	}
}

void
zip_names_feed(struct zip_names *z, const char *data, size_t n)
{
	uint64_t done;

	if (z->over || n == 0)
		return;
	buf_put(&z->window, data, n);
	if (z->inflater.open)
		inflate_some(z);
	scan(z, false);
	done = z->scanned;
	if (z->inflater.open && z->inflated < done)
		done = z->inflated;
	/* Moving what is left costs no more than what is dropped. */
	if (done - z->base >= z->window.len / 2) {
		buf_drop(&z->window, (size_t)(done - z->base));
		z->base = done;
	}
}

void
zip_names_end(struct zip_names *z)
{
	if (z->over)
		return;
	if (z->window.len > 0)
		scan(z, true);
	if (z->inflater.open)
		end_member(z, z->stated_end);
	if (!z->over && (!z->ended || z->balance != 0))
		tell(z, ZIP_DAMAGED);
}

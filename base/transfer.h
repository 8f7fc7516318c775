/* transfer.h - base64 and quoted-printable (RFC 2045), taken off a stream as
 * forgivingly as mail readers do it. */
#ifndef BASE_TRANSFER_H
#define BASE_TRANSFER_H

#include <stddef.h>

struct buf;

enum transfer_encoding {
	TRANSFER_PLAIN, /* 7bit, 8bit, binary: nothing to take off */
	TRANSFER_BASE64,
	TRANSFER_QUOTED,
	TRANSFER_ENCODINGS,
};

/* A plain value; no memory of its own. */
struct transfer {
	enum transfer_encoding encoding;
	unsigned state; /* of quoted-printable */
	unsigned bits, nbits;
	char kept;
};

/* transfer_begin(t, encoding): a new stream. */
void transfer_begin(struct transfer *t, enum transfer_encoding encoding);

/*
 * transfer_feed(t, data, n, out):
 * Add to ${out} what ${data} stands for: over a stream no more octets than were
 * fed.  Of base64 all that is not of its alphabet is skipped, and padding in
 * the middle ends a group, not the text.  Of quoted-printable "=" stands for
 * itself where it means nothing, and white space between "=" and the end of a
 * line is skipped.  How the stream is cut into pieces does not matter.
 */
void
transfer_feed(struct transfer *t, const char *data, size_t n, struct buf *out);

/* transfer_end(t, out): that was all. */
void transfer_end(struct transfer *t, struct buf *out);

#endif

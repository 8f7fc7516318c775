/* parts.h - the parts of a message with their encodings taken off, as it streams
 * by. */
#ifndef CHECKS_PARTS_H
#define CHECKS_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/transfer.h"
#include "checks/mime.h"

struct parts;

enum { PARTS_CHARSET = 40 };

/* What the headers of a part say. */
struct part {
	bool text; /* text, or nothing said; also what is around parts */
	bool html; /* by its type, or by its name */
	char charset[PARTS_CHARSET + 1]; /* the first one named; or "" */
	unsigned encodings; /* the sum of 1 << each one named; never 0 */
};

/*
 * Where they go.  Texts are valid during the call only.  A part is read once
 * for each encoding that its headers name (more than one is wrong, and one way
 * to hide it from some readers): ${reading} says which, and begin(), data() and
 * end() are for each of them.
 */
struct parts_sink {
	/* Any header, "Name: value", its lines separated by "\n". */
	void (*header)(void *arg, const char *text, size_t len);
	void (*begin)(
	    void *arg, const struct part *part, enum transfer_encoding reading);
	void (*data)(void *arg, enum transfer_encoding reading,
	    const char *data, size_t n);
	void (*end)(void *arg, enum transfer_encoding reading);
	/* See mime.h. */
	void (*fault)(
	    void *arg, enum mime_fault fault, const char *text, size_t len);
};

/*
 * parts_new(options, sink, arg): begin a message.  Memory is bounded by the
 * options, as that of mime.h is.  parts_free() releases it at any time.
 *
 * Messages and multipart bodies that are encoded as a whole, which RFC 2045
 * forbids, are one text each: what they become when the encoding is taken off.
 */
struct parts *parts_new(const struct mime_options *options,
    const struct parts_sink *sink, void *arg);
void parts_free(struct parts *p);

/* parts_header(p, text, len): one of the message's own, as a content stage is
 * told.  parts_headers_end(p): that were all.  parts_body(p, data, n): octets
 * of the body, in pieces of any size.  parts_end(p): that was all. */
void parts_header(struct parts *p, const char *text, size_t len);
void parts_headers_end(struct parts *p);
void parts_body(struct parts *p, const char *data, size_t n);
void parts_end(struct parts *p);

#endif

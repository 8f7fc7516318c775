/* mime.h - a message taken apart as it streams by (RFC 5322, RFC 2045-2046),
 * exactly as Postfix does for header and body checks. */
#ifndef CHECKS_MIME_H
#define CHECKS_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/mime_fault.h"

struct mime;

/* Whose headers they are. */
enum mime_class {
	MIME_MAIN,   /* the message's */
	MIME_PART,   /* a part's of a multipart body */
	MIME_NESTED, /* those of a message within the message */
};

/* What the next elements belong to. */
enum mime_place {
	MIME_IN_HEADERS, /* the headers of a part, or of a message within */
	MIME_IN_CONTENT, /* what the last headers told of */
	MIME_IN_NOTHING, /* text behind the last part */
};

struct mime_options {
	size_t header_size, line_length, boundary_length; /* octets */
	size_t nesting;
	bool plain;       /* disable_mime_input_processing: all is body that is
			   * not a header of the message */
	bool convert;     /* 8bit parts become quoted-printable */
	unsigned reports; /* of the faults above, which ones to look for */
};

/*
 * Where the elements go.  Texts are valid during the call only, and are not
 * ended by NUL.  ${offset} is where the element begins in its block of headers
 * or segment of the body, by Postfix's count: of a header with several lines
 * it counts the line that follows it.
 */
struct mime_sink {
	/* A header, "Name: value", its lines separated by "\n", without an end
	 * of line. */
	void (*header)(void *arg, enum mime_class of, const char *text,
	    size_t len, size_t offset);
	/* The message's own headers end (the empty line comes as body). */
	void (*headers_end)(void *arg);
	/* A line of the body, boundaries and what separates headers from
	 * bodies included, or a piece of at most ${line_length} octets of a
	 * longer one; ${ends}: with which it ends. */
	void (*body)(
	    void *arg, const char *text, size_t len, bool ends, size_t offset);
	void (*body_end)(void *arg);
	void (*fault)(
	    void *arg, enum mime_fault fault, const char *text, size_t len);
	/* The place changes; the message's own headers are the first one.  It
	 * changes before a boundary and behind the empty line that ends
	 * headers, and both are given as lines of the body.  NULL: who cares. */
	void (*place)(void *arg, enum mime_place place);
};

/* mime_new(options, sink, arg): begin a message.  Memory is bounded by the
 * options: one header, one line, and one boundary for each level.  mime_free()
 * releases it at any time. */
struct mime *mime_new(const struct mime_options *options,
    const struct mime_sink *sink, void *arg);
void mime_free(struct mime *m);

/* mime_convert(m): before the first octet: convert, whatever the options say, and
 * report parts that are nested too deep. */
void mime_convert(struct mime *m);

/* mime_feed(m, data, n): more octets of the message, in pieces of any size;
 * lines end with <CR><LF> or <LF>.  mime_end(m): that was all. */
void mime_feed(struct mime *m, const char *data, size_t n);
void mime_end(struct mime *m);

/* mime_faults(m): the sum of those reported so far. */
unsigned mime_faults(const struct mime *m);

/* mime_name(text, len): the length of the name that ${text} as a header begins
 * with; 0: it is not (the beginning of) a header. */
size_t mime_name(const char *text, size_t len);

/* mime_is(text, len, name): ${text} is a header of that name, as sinks get it:
 * without blanks before the colon. */
bool mime_is(const char *text, size_t len, const char *name);

#endif

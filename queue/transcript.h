/* transcript.h - what was said in a session, for the postmaster, if it goes
 * wrong in a way that notify_classes names (weir_notices(7)). */
#ifndef QUEUE_TRANSCRIPT_H
#define QUEUE_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* What can go wrong; bits, to be gathered. */
enum transcript_class {
	TRANSCRIPT_POLICY = 1 << 0,   /* refused, as the admin has it */
	TRANSCRIPT_PROTOCOL = 1 << 1, /* somebody does not speak SMTP */
	TRANSCRIPT_RESOURCE = 1 << 2, /* there is no room */
	TRANSCRIPT_SOFTWARE = 1 << 3, /* trouble of our own */
	TRANSCRIPT_DATA = 1 << 4,     /* a table could not be asked */
};

/* What is kept of one session. */
struct transcript;

/* transcript_new(utf8): lines may have UTF-8. */
struct transcript *transcript_new(bool utf8) __attribute__((returns_nonnull));
void transcript_free(struct transcript *t);

/*
 * transcript_add(t, direction, text, n):
 * A line that came ("In:  ") or went ("Out: ") by.  Octets that cannot be
 * shown are '?'.  The beginning of a session is kept, and the latest lines of it;
 * of a long one, those between are left out.
 */
void transcript_add(
    struct transcript *t, const char *direction, const char *text, size_t n);

/* transcript_reply(t, direction, text, n): all lines of a reply, with their
 * <CR><LF>. */
void transcript_reply(
    struct transcript *t, const char *direction, const char *text, size_t n);

/* transcript_lines(t): how many there have been since transcript_reset(t). */
size_t transcript_lines(const struct transcript *t);
void transcript_reset(struct transcript *t);

/* transcript_print(t, out): append all of it, with a note of what was left out;
 * lines end in '\n'. */
void transcript_print(const struct transcript *t, struct buf *out);

#endif

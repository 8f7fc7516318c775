/* reply.h - every text that a client is told leaves through here. */
#ifndef PROXY_REPLY_H
#define PROXY_REPLY_H

struct buf;

enum { REPLY_LINE = 512 }; /* octets of a line with its <CR><LF> */

/*
 * reply_put(out, text):
 * Append the reply ${text}, "NNN words", to ${out}.  A "\n" in it begins a
 * further line, of the words alone, and all lines but the last get "NNN-".
 * A line is cut to 512 octets with its end; control characters and octets
 * that are not UTF-8 become '?'.  What is not a reply at all (no code of 200
 * to 599) is a mistake in somebody's table and becomes 450 4.7.1 Service
 * unavailable, as in Postfix.
 */
void reply_put(struct buf *out, const char *text);

/* reply_line(out, code, separator, words): one line of a reply by itself, with
 * its <CR><LF>; cut and cleaned like the others. */
void reply_line(
    struct buf *out, const char *code, char separator, const char *words);

/* reply_code(text): its code; 0 if it is not a reply. */
int reply_code(const char *text);

#endif

/* completion.h - the headers that a message must have, and lacks. */
#ifndef PROXY_COMPLETION_H
#define PROXY_COMPLETION_H

struct arena;
struct buf;
struct session;

/* completion_add(s): put what is missing behind the headers in the mail's keep;
 * once.  Its header section is whole. */
void completion_add(struct session *s);

/* completion_line(arena, text): a header that a table or policy made; it stays
 * one header, with "\n" between its lines.  completion_put_line(out, text):
 * append it with <CR><LF>. */
const char *completion_line(struct arena *arena, const char *text);
void completion_put_line(struct buf *out, const char *text);

#endif

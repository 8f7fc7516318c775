/* completion.h - the headers that a message must have, and lacks. */
#ifndef PROXY_COMPLETION_H
#define PROXY_COMPLETION_H

struct buf;
struct session;

/* completion_add(s): put what is missing behind the headers in the mail's keep;
 * once.  Its header section is whole. */
void completion_add(struct session *s);

/* completion_put_line(out, text): append a header line that a table or policy
 * made, with <CR><LF>; it stays one header. */
void completion_put_line(struct buf *out, const char *text);

#endif

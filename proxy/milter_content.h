/* milter_content.h - a message on its way by the milters: each sees what those
 * before it have made of it.
 *
 * The first one that listens is told of the content as it comes.  The others
 * come when the message is whole, one after the other, for which its body is
 * kept (base/spool.h). */
#ifndef PROXY_MILTER_CONTENT_H
#define PROXY_MILTER_CONTENT_H

#include <stddef.h>
#include <stdint.h>

struct header_list;
struct mail;
struct milter_answer;
struct milter_content;
struct session;
struct spool;

/* milter_content_look(s): the header section is whole, or more of the body is
 * in the mail's keep: tell who listens.  May block. */
void milter_content_look(struct session *s);

/*
 * milter_content_end(s, answer):
 * The message is whole, and nothing else speaks against it: the end of it for
 * the first one, all of it for the others, and what they change is applied; the
 * sum of theirs goes to *answer, which is zero; a reply ends it.  May block.
 */
void milter_content_end(struct session *s, struct milter_answer *answer);

/* milter_content_headers(c): the headers, our Received: among them, as they are
 * now; NULL: the milters are not told of the content. */
struct header_list *milter_content_headers(struct milter_content *c);

/* milter_content_body(c): a body that takes the place of the one that came; or
 * NULL.  It stays ${c}'s. */
struct spool *milter_content_body(const struct milter_content *c);

/* milter_content_octets(c): of the body that came. */
uint64_t milter_content_octets(const struct milter_content *c);

/* milter_content_free(c): a NULL ${c} is allowed. */
void milter_content_free(struct milter_content *c);

#endif

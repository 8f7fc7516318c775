/* content_look.h - the content stages look at what has come of a message. */
#ifndef PROXY_CONTENT_LOOK_H
#define PROXY_CONTENT_LOOK_H

struct session;

/* content_look(s): mail->text is more of it, up to the end if mail->whole.  May
 * block if the stages or milters do. */
void content_look(struct session *s);

#endif

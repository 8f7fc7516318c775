/* filter_hook.h - where a session talks to the content filters that its
 * messages pass before they are taken.
 *
 * A message that passes a filter is not ours: the filter gives it back to
 * another listener, and what it answers to the end of the message is what the
 * client is told.  Only where a filter of a chain fails and its setting says so
 * (FILTER_SETTING_ACCEPT, _OVERFLOW, _HOLD) does the message go into the queue
 * from here: it is then read once more, from where it was kept. */
#ifndef PROXY_FILTER_HOOK_H
#define PROXY_FILTER_HOOK_H

#include <stdbool.h>

struct mail;
struct session;

/* filter_hook_blocks(s): RCPT and DATA may, as the filter hears them. */
bool filter_hook_blocks(const struct session *s);

/* filter_hook_rcpt(s): a recipient that has passed all else, by the command in
 * s->line; filter_hook_data(s): DATA.  NULL: go on; or the reply that refuses.
 * For services with filters only. */
const char *filter_hook_rcpt(struct session *s);
const char *filter_hook_data(struct session *s);

/* filter_hook_has(s): the message under way is for a filter, not for the queue.
 * filter_hook_look(s): mail->text is more of it, up to the end if mail->whole.
 * May block. */
bool filter_hook_has(const struct session *s);
void filter_hook_look(struct session *s);

/* filter_hook_end(s): nothing of ours speaks against the message: what the
 * filters say.  Replies; mail->discard is set if one has taken it.  Or, without
 * a reply, filter_hook_again(s).  May block.  filter_hook_refused(s): it was
 * refused without them, which is logged. */
void filter_hook_end(struct session *s);
void filter_hook_refused(const struct session *s);

/* filter_hook_again(s): the message goes into the queue, and (a part of) it is
 * still to be looked at: filter_hook_feed(s), which may block, does so with the
 * next part, as if the client had sent it. */
bool filter_hook_again(const struct session *s);
void filter_hook_feed(struct session *s);

/* filter_hook_nexthop(mail): content_filter for a message that goes into the
 * queue after all; NULL: it has passed no filter here. */
const char *filter_hook_nexthop(const struct mail *mail);

/* filter_hook_holds(mail): it goes on hold, as it came, for a filter that has
 * failed; filter_hook_hold(mail) says so in mail->envelope. */
bool filter_hook_holds(const struct mail *mail);
void filter_hook_hold(struct mail *mail);

/* filter_hook_lost(mail): what was kept could not be read again: whatever was
 * looked at is not the whole message. */
bool filter_hook_lost(const struct mail *mail);

#endif

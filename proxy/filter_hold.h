/* filter_hold.h - a message that is taken although its filter has failed: it
 * goes on hold in the queue, as the client gave it, and from there to the filter
 * when that is back. */
#ifndef PROXY_FILTER_HOLD_H
#define PROXY_FILTER_HOLD_H

struct envelope;
struct filter_setting;
struct mail;

/* filter_hold_fill(mail, filter, why, envelope): sender, recipients and state of
 * a message that waits for ${filter}; ${why} is shown with it. */
void filter_hold_fill(struct mail *mail, const struct filter_setting *filter,
    const char *why, struct envelope *envelope);

#endif

/* beside.h - a door of ours beside an MTA that stays: what that MTA decides
 * itself is not decided here. */
#ifndef CLASSES_BESIDE_H
#define CLASSES_BESIDE_H

struct conf;
struct master_service;

/* beside_settle(view, service): empty the relay list, the implicit unlisted
 * checks and the filter before the queue in ${view}, unless an option -o of ${service} (NULL: none) sets
 * them; what main.cf says of them is for a door that relays. */
void beside_settle(struct conf *view, const struct master_service *service);

#endif

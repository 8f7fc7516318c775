/* local_children.h - what a local recipient stands for becomes messages of
 * their own. */
#ifndef DELIVERY_LOCAL_CHILDREN_H
#define DELIVERY_LOCAL_CHILDREN_H

#include <stddef.h>

struct delivery;
struct local_expansion;

/* local_children_end(d, rcpt, x): decide recipient ${rcpt}: it is replaced by
 * the leaves of ${x}, one message for each sender and way: what is to be done
 * here, or forwarded (then with Received: and Delivered-To: in front).  Blocks
 * for virtual aliases. */
void local_children_end(
    struct delivery *d, size_t rcpt, const struct local_expansion *x);

#endif

/* local_leaf.h - the end of a local recipient: a mailbox, a command, a file. */
#ifndef DELIVERY_LOCAL_LEAF_H
#define DELIVERY_LOCAL_LEAF_H

#include <stddef.h>

struct delivery;
struct local_leaf;
struct local_name;
struct passwd;

/* local_leaf_do(d, i, leaf): write or run what ${leaf} says (a command, a
 * file, a refusal) and decide recipient ${i}.  Blocks. */
void local_leaf_do(struct delivery *d, size_t i, const struct local_leaf *leaf);

/* local_leaf_mailbox(d, i, leaf, name, user): the same for the mailbox of
 * ${user}: mailbox_command, home_mailbox, mail_spool_directory. */
void
local_leaf_mailbox(struct delivery *d, size_t i, const struct local_leaf *leaf,
    const struct local_name *name, const struct passwd *user);

#endif

/* user_list.h - which users may do something, in numbers: what the queue role,
 * which opens no table and knows no names, can decide by. */
#ifndef QUEUE_USER_LIST_H
#define QUEUE_USER_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* user_list_begin(out, others): the text of a list: all users that are not added
 * may, or not.  user_list_add(out, uid): one for whom it is the other way. */
void user_list_begin(struct buf *out, bool others);
void user_list_add(struct buf *out, unsigned uid);

/* user_list_has(text, uid): it may.  NULL, no list: everybody may. */
bool user_list_has(const char *text, unsigned uid);

#endif

/* state_mark.h - the mark beside a file of state that is written without fsync:
 * after a clean stop, or in the same boot, it is whole. */
#ifndef BASE_STATE_MARK_H
#define BASE_STATE_MARK_H

#include <stdbool.h>

/* state_mark_used(dir, ends): the file is in use, since this boot, after so many
 * sudden ends in a row.  state_mark_clean(dir): its last user has closed it. */
void state_mark_used(const char *dir, unsigned ends);
void state_mark_clean(const char *dir);

/* state_mark_doubt(dir): those who use it keep ending, others may have it open:
 * it is not to be believed any more.  Any process. */
void state_mark_doubt(const char *dir);

/* state_mark_whole(dir, ends): may the file be believed?  Yes after a clean
 * stop, or if the machine has not been started anew since it was written, and
 * nobody has doubted it, which is forgotten by that.
 * *ends: how often in a row its users have ended suddenly. */
bool state_mark_whole(const char *dir, unsigned *ends);

#endif

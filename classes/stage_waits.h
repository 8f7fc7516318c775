/* stage_waits.h - where an evaluation may take place. */
#ifndef CLASSES_STAGE_WAITS_H
#define CLASSES_STAGE_WAITS_H

#include "classes/stage.h"
#include "classes/wait.h"

/*
 * stage_waits(rules, stage):
 * What evaluating it may have to wait for (memory; the DNS, a database, a policy
 * server): if for anything, it is not for a loop.  What a table will answer is
 * not known before it is asked: if an entry names a restriction that waits for
 * something that nothing else in the stage waits for, the evaluation stops there
 * with verdict.again (and 451), and from then on this says so.  The door then
 * runs the stage once more, where it may wait for that.
 */
enum wait stage_waits(const struct rules *rules, enum stage stage);

#endif

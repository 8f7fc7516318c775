/* stage_conduct.h - what a verdict says of who sends, for its reputation. */
#ifndef CLASSES_STAGE_CONDUCT_H
#define CLASSES_STAGE_CONDUCT_H

#include <stdbool.h>

#include "checks/conduct.h"
#include "classes/stage.h"

/* stage_conduct(stage, verdict, what): *what ${verdict} of ${stage} is; false:
 * nothing that counts, as a deferral, and questions that are about no mail. */
bool stage_conduct(
    enum stage stage, const struct verdict *verdict, enum conduct *what);

#endif

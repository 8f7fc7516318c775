/* parts_stage.h - what the stages of a message's content that look at its parts,
 * decoded, have in common: they pass the message on as it is. */
#ifndef CHECKS_PARTS_STAGE_H
#define CHECKS_PARTS_STAGE_H

#include "checks/content_judge.h"
#include "checks/content_stage.h"
#include "checks/parts.h"

struct parts_rules;

/* Such a stage begins with this; what follows is its own. */
struct parts_stage {
	struct content_stage stage;
	struct content_judge judge;
	struct parts *parts;
	/* Release what the stage owns itself, and ${stage}. */
	void (*release)(struct parts_stage *stage);
};

/*
 * parts_stage_begin(stage, rules, sink, next):
 * ${stage} is zeroed but for release() and, of the judge, whom the log names and
 * the verdict; ${sink} is told the stage, and its fault() may be
 * parts_stage_fault().  Until the verdict is done it is told of the parts.
 */
void
parts_stage_begin(struct parts_stage *stage, const struct parts_rules *rules,
    const struct parts_sink *sink, struct content_stage *next);

/* parts_stage_fault(stage, fault, text, len): parts are nested too deep: the
 * message is rejected with 550 5.6.0. */
void parts_stage_fault(
    void *stage, enum mime_fault fault, const char *text, size_t len);

#endif

/* parts_stage.h - what the stages of a message's content that look at its parts,
 * decoded, have in common: they pass the message on as it is. */
#ifndef CHECKS_PARTS_STAGE_H
#define CHECKS_PARTS_STAGE_H

#include "checks/content_judge.h"
#include "checks/content_stage.h"
#include "checks/parts.h"

struct checks_params;

/* Such a stage begins with this; what follows is its own. */
struct parts_stage {
	struct content_stage stage;
	struct content_judge judge;
	struct parts *parts;
	/* Release what the stage owns itself, and ${stage}. */
	void (*release)(struct parts_stage *stage);
};

/* parts_stage_options(params, header_size, line_length): how it takes messages
 * apart; the last two are header_size_limit and line_length_limit. */
struct mime_options parts_stage_options(
    const struct checks_params *params, size_t header_size, size_t line_length);

/*
 * parts_stage_begin(stage, options, sink, next):
 * ${stage} is zeroed but for release() and the judge, whose scratch is made here;
 * ${sink} is told the stage, and its fault() may be parts_stage_fault().  Until
 * the verdict is done it is told of the parts.
 */
void
parts_stage_begin(struct parts_stage *stage, const struct mime_options *options,
    const struct parts_sink *sink, struct content_stage *next);

/* parts_stage_fault(stage, fault, text, len): parts are nested too deep: the
 * message is rejected with 550 5.6.0. */
void parts_stage_fault(
    void *stage, enum mime_fault fault, const char *text, size_t len);

#endif

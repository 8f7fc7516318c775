/* content_stage.h - the stages that a message's content goes through as it
 * streams in.  Each one looks, may change what it passes on, and judges. */
#ifndef CHECKS_CONTENT_STAGE_H
#define CHECKS_CONTENT_STAGE_H

#include <stddef.h>

struct content_stage;
struct content_verdict;

/*
 * What a stage is told, in this order: header() or made() for each header of
 * the message, headers_end(), body() any number of times, end(); close() at any
 * time, and last.  A stage tells the next one the same, as edited; the last
 * one is the door's, which keeps what comes.
 */
struct content_stage_ops {
	/* "Name: value", without an end of line; lines of a folded one are
	 * separated by "\n", and each goes on with white space. */
	void (*header)(
	    struct content_stage *stage, const char *text, size_t len);
	/* One that a table has made, to be kept as it is.  NULL: as any
	 * other. */
	void (*made)(struct content_stage *stage, const char *text, size_t len);
	void (*headers_end)(struct content_stage *stage);
	/* Octets of what follows the empty line behind the headers, in pieces
	 * of any size; lines end with <CR><LF>. */
	void (*body)(struct content_stage *stage, const char *data, size_t len);
	void (*end)(struct content_stage *stage);
	/* Release what the stage owns; the next stage is not its. */
	void (*close)(struct content_stage *stage);
};

/* A stage begins with this; what follows is its own. */
struct content_stage {
	const struct content_stage_ops *ops;
	struct content_stage *next; /* NULL: this is the last */
	struct content_verdict *verdict;
};

/* content_stage_made(stage, text, len): tell a stage of such a header. */
static inline void
content_stage_made(struct content_stage *stage, const char *text, size_t len)
{
	(stage->ops->made != NULL ? stage->ops->made : stage->ops->header)(
	    stage, text, len);
}

#endif

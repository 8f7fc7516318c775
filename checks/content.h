/* content.h - the stages that a message's content goes through as it streams
 * in.  Each one looks, may change what it passes on, and judges. */
#ifndef CHECKS_CONTENT_H
#define CHECKS_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/effect.h"

struct arena;
struct content_stage;

/*
 * What a stage is told, in this order: header() for each header of the
 * message, headers_end(), body() any number of times, end(); close() at any
 * time, and last.  A stage tells the next one the same, as edited; the last
 * one is the door's, which keeps what comes.
 */
struct content_ops {
	/* "Name: value", without an end of line; lines of a folded one are
	 * separated by "\n", and each goes on with white space. */
	void (*header)(
	    struct content_stage *stage, const char *text, size_t len);
	void (*headers_end)(struct content_stage *stage);
	/* Octets of what follows the empty line behind the headers, in pieces
	 * of any size; lines end with <CR><LF>. */
	void (*body)(struct content_stage *stage, const char *data, size_t len);
	void (*end)(struct content_stage *stage);
	/* Release what the stage owns; the next stage is not its. */
	void (*close)(struct content_stage *stage);
};

/* What all stages of one message have decided so far.  Texts and effects are in
 * ${arena}, the mail's. */
struct content_verdict {
	struct arena *arena;
	int code;        /* of the reply; 0: the message passes */
	const char *dsn; /* "5.7.1" */
	const char *text;
	bool done; /* no stage is to look at anything more (REJECT, DISCARD,
		    * REDIRECT, PASS) */
	struct effect *effects, **tail; /* in the order of their making */
};

/* A stage begins with this; what follows is its own. */
struct content_stage {
	const struct content_ops *ops;
	struct content_stage *next; /* NULL: this is the last */
	struct content_verdict *verdict;
};

/* content_begin(verdict, arena): nothing is decided. */
void content_begin(struct content_verdict *verdict, struct arena *arena);

/* content_reject(verdict, code, dsn, text): the first rejection counts.
 * content_effect(verdict, kind, text): one more; of FILTER and REDIRECT the
 * last counts and the others are forgotten, and what is there already is not
 * added again.  A message that asks for too many is rejected.  Texts are
 * copied. */
void content_reject(struct content_verdict *verdict, int code, const char *dsn,
    const char *text);
void content_effect(
    struct content_verdict *verdict, enum effect_kind kind, const char *text);
/* content_has(verdict, kind): there is such an effect. */
bool content_has(const struct content_verdict *verdict, enum effect_kind kind);

#endif

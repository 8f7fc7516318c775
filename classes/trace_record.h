/* trace_record.h - a decision as it is kept for weir explain: who and what it
 * was about, the answer, and the steps that led to it. */
#ifndef CLASSES_TRACE_RECORD_H
#define CLASSES_TRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "classes/trace.h"

struct arena;
struct buf;

enum trace_fact {
	TRACE_ID,
	TRACE_TIME,   /* 2038-01-19T03:14:07Z */
	TRACE_NUMBER, /* of the session, as in the log */
	TRACE_CLIENT, /* name[address] */
	TRACE_STAGE,  /* RCPT ... */
	TRACE_QUEUE_ID,
	TRACE_FROM,
	TRACE_TO,
	TRACE_PROTOCOL,
	TRACE_HELO,
	TRACE_ANSWER, /* the reply, or "pass" */
	TRACE_FACTS,
};

struct trace_record {
	const char *facts[TRACE_FACTS]; /* never NULL once read; "" none */
	struct trace trace;             /* steps and decision alone */
};

/* trace_record_write(record, out): append it; a line of facts, and a line for
 * each step, of fields with tabs between them; a NULL fact is "". */
void trace_record_write(const struct trace_record *record, struct buf *out);

/* trace_record_read(data, len, arena, record): false: it is none.  Texts live
 * in ${arena}. */
bool trace_record_read(const char *data, size_t len, struct arena *arena,
    struct trace_record *record);

/* trace_record_head(record, out): the facts in a line, for people; what is not
 * printable is escaped.  trace_record_print(): and the steps behind it.
 * trace_record_json(): one JSON object and a line feed. */
void trace_record_head(const struct trace_record *record, struct buf *out);
void trace_record_print(const struct trace_record *record, struct buf *out);
void trace_record_json(const struct trace_record *record, struct buf *out);

#endif

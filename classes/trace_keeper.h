/* trace_keeper.h - decision traces on their way to the state store, where weir
 * explain finds them. */
#ifndef CLASSES_TRACE_KEEPER_H
#define CLASSES_TRACE_KEEPER_H

struct state;
struct subject;
struct trace;
struct trace_keeper;
struct workers;

/*
 * trace_keeper_new(state, workers):
 * Records go to the ring "trace" of ${state}, the newest 100,000, many in one
 * transaction, written by one of ${workers}, as trace_record_write() writes
 * them.
 */
struct trace_keeper *
trace_keeper_new(struct state *state, struct workers *workers);

/* trace_keeper_free(keeper): after the workers. */
void trace_keeper_free(struct trace_keeper *keeper);

/* Where a decision was made; what is not known is NULL. */
struct trace_origin {
	unsigned number;      /* of the session, as in the log */
	const char *client;   /* name[address] */
	const char *where;    /* "RCPT" */
	const char *queue_id; /* of the message */
};

/* trace_keeper_add(keeper, origin, subject, trace, answer): keep what ${trace}
 * has led to: ${answer}.  All is copied; any thread. */
void trace_keeper_add(struct trace_keeper *keeper,
    const struct trace_origin *origin, const struct subject *subject,
    const struct trace *trace, const char *answer);

#endif

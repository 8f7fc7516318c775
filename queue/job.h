/* job.h - what the queue asks the delivering role to do, and what it answers.
 *
 * Both sides speak frames (base/frame.h) over the queue's socket; the deliver
 * role connects, says JOB_HELLO, and gets jobs.  All structs here are plain
 * values; job_*_parse() point into the body or ${arena}. */
#ifndef QUEUE_JOB_H
#define QUEUE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct frame;

enum job_frame {
	JOB_HELLO = 0x4a01, /* deliver -> queue: ready; body: jobs (of either
			     * kind) it can take at once (a number) */
	JOB_DELIVER,        /* queue -> deliver: struct job */
	JOB_RESULT,         /* deliver -> queue: struct job_result; frees one
			     * place; frame id = job id */
	JOB_ROUTE,          /* queue -> deliver: resolve recipients again; body
			     * as JOB_DELIVER without transport */
	JOB_ROUTED,         /* deliver -> queue: struct job_routed, a route for
			     * each recipient; frees one place */
};

/* The transport of what is held for its filter. */
extern const char job_rescan[];

struct job_rcpt {
	uint32_t index; /* in the envelope */
	const char *address, *original, *orcpt;
	unsigned notify;
	const char *target; /* as in struct envelope_rcpt */
};

/* A delivery request: some recipients of one message, one destination. */
struct job {
	uint64_t id;
	uint64_t key; /* of the message in the store */
	const char *qid;
	const char *transport, *nexthop;
	const char *sender;
	int64_t arrival, active; /* wall clock: entered queue, became active */
	uint64_t size;
	bool utf8, eight_bit, is_bounce;
	bool rescan; /* as in struct envelope: nothing of it bounces */
	bool trace;  /* all that is done is reported */
	bool verify; /* as ENVELOPE_TRACE_VERIFY: nothing is delivered */
	const char *envid;
	char ret;
	struct job_rcpt *rcpts;
	size_t nrcpts;
};

enum job_status {
	JOB_SENT,
	JOB_DEFERRED,
	JOB_BOUNCED,
	JOB_REPLACED, /* new messages, ${children}, take the place of this
		       * recipient (idempotent by message and recipient):
		       * forwards, aliases */
	JOB_PASSED,   /* not ours: it goes to ${transport} and ${nexthop} as
		       * ${address}, with nothing stored: another attempt
		       * begins anew */
	JOB_UNKNOWN,  /* not tried: give it back to the schedule at once */
};

/* Who tells the sender that it was sent, if NOTIFY=SUCCESS asks for it. */
enum job_report {
	JOB_REPORT_DELIVERED, /* we: it is in its mailbox */
	JOB_REPORT_RELAYED,   /* we: it went to a server that will not */
	JOB_REPORT_EXPANDED,  /* we: it was replaced by other addresses */
	JOB_REPORT_PASSED,    /* the server that has it now, or the next one */
};

/* A message with the content of another one. */
struct job_child {
	const char *qid; /* its name, which whoever answers has given it */
	const char *sender;
	const char *head;       /* header lines in front, CRLF; "" */
	struct job_rcpt *rcpts; /* ${index}: not used */
	size_t nrcpts;
};

/* What became of one recipient. */
struct job_outcome {
	uint32_t index;
	enum job_status status;
	enum job_report report; /* of JOB_SENT */
	const char *dsn;        /* "2.0.0", "4.4.1" ... */
	const char *reason;     /* as in the log, without parentheses */
	const char *remote;     /* Remote-MTA, "dns; host"; "" if none */
	const char *diagnostic; /* Diagnostic-Code, "smtp; 550 ..."; "" */
	const char *address, *transport, *nexthop; /* of JOB_PASSED */
	const struct job_child *children;          /* of JOB_REPLACED */
	size_t nchildren;
};

struct job_result {
	uint64_t id;
	/* The destination itself failed (connect, greeting, handshake), as
	 * opposed to a recipient: feeds the concurrency window. */
	bool destination_failed;
	bool destination_reached;
	const char *destination_dsn, *destination_reason;
	struct job_outcome *outcomes;
	size_t noutcomes;
};

struct job_route {
	uint32_t index;
	const char *address, *transport, *nexthop;
	bool failed; /* could not ask: defer with ${reason} */
	const char *dsn, *reason;
};
struct job_routed {
	uint64_t id;
	struct job_route *routes;
	size_t nroutes;
};

/* job_*_print(value, out): append the whole frame.  job_*_parse(frame, arena,
 * value): false: malformed; hang up. */
void job_print(const struct job *job, enum job_frame type, struct buf *out);
bool job_parse(const struct frame *frame, struct arena *arena, struct job *job);
void job_result_print(const struct job_result *result, struct buf *out);
bool job_result_parse(
    const struct frame *frame, struct arena *arena, struct job_result *result);
void job_routed_print(const struct job_routed *routed, struct buf *out);
bool job_routed_parse(
    const struct frame *frame, struct arena *arena, struct job_routed *routed);

#endif

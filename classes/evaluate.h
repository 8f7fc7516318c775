/* evaluate.h - the one evaluator: walks lists, follows what checks answer. */
#ifndef CLASSES_EVALUATE_H
#define CLASSES_EVALUATE_H

#include <stdbool.h>

#include "checks/check.h"
#include "classes/wait.h"

struct list;
struct rules;
struct trace_step;
struct verdict;

enum outcome {
	OUTCOME_DUNNO,  /* the end was reached */
	OUTCOME_PERMIT, /* stopped there */
	OUTCOME_REJECT, /* the verdict has the reply */
};

/* A deferral that waits for what the rest of the list says. */
struct reason {
	int code; /* 0: none */
	const char *dsn, *text;
	const struct trace_step *step; /* whose; NULL: of an earlier command */
};

/* One stage_run(). */
struct evaluation {
	struct rules *rules;
	struct verdict *verdict;
	struct ask ask;
	const struct check *bare;    /* what type:table means here, or NULL */
	const char *list;            /* for the trace */
	const char *classes;         /* that were come to (class_names.h), of
				      * those that have content checks */
	const struct trace_step *at; /* the step that is asked */
	const struct trace_step *keeps; /* the first that kept a deferral */
	unsigned depth;
	bool warning;  /* warn_if_reject is in force */
	bool weighs;   /* score_if_reject is, and no refusal counts but .. */
	bool weighed;  /* .. that there was one */
	unsigned past; /* conditions about reputation that are true here */
	bool stop;     /* DISCARD, or a name of elsewhere */
	bool written;  /* the last permit was: by an entry, or in a class */
	enum wait may_wait;
	struct reason if_permit, if_reject;
};

/* evaluate_list(e, list, name, class): walk ${list}, which is about ${name}
 * ("<name>: class rejected"). */
enum outcome evaluate_list(struct evaluation *e, const struct list *list,
    const char *name, const char *class);

/* evaluate_check(e, check): a single check, as if it stood in a list. */
enum outcome evaluate_check(struct evaluation *e, const struct check *check);

/* evaluate_deferral(e): the list would permit, but a reason not to has been
 * kept: OUTCOME_REJECT with that, or OUTCOME_DUNNO. */
enum outcome evaluate_deferral(struct evaluation *e);

/* evaluate_fault(e): 451 4.3.5. */
enum outcome evaluate_fault(struct evaluation *e);

#endif

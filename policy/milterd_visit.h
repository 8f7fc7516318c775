/* milterd_visit.h - an MTA's client, as it is told by the milter protocol: the
 * facts, the lists at each stage, the message, and what is to be answered.
 *
 * Calls about one visit come one after the other, from any thread, and block as
 * long as what the rules ask does. */
#ifndef POLICY_MILTERD_VISIT_H
#define POLICY_MILTERD_VISIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/event.h"
#include "checks/subject.h"
#include "classes/stage.h"
#include "policy/milterd_facts.h"
#include "policy/milterd_message.h"

struct arena;
struct conduct_keeper;
struct milterd_door;
struct trace;
struct trace_keeper;
struct world;

/* What all visits share. */
struct milterd_shared {
	const struct milterd_door *door;
	struct world *world;
	struct trace_keeper *traces; /* NULL: nobody wants them */
	struct conduct_keeper *conduct;
};

enum milterd_answer {
	MILTERD_CONTINUE,
	MILTERD_REFUSE, /* with the reply */
	MILTERD_DISCARD,
};

struct milterd_rcpt {
	const char *words;   /* as the MTA wrote it */
	const char *address; /* internal form */
	const char *classes;
	unsigned group;
};

/* What is to become of a message that is taken. */
struct milterd_outcome {
	const char *hold;    /* why it is kept back; or NULL */
	const char **remove; /* recipients, as the MTA wrote them */
	const char **add;    /* internal forms */
	size_t nremove, nadd;
};

struct milterd_visit {
	const struct milterd_shared *shared;
	struct event_by by;
	struct subject subject;
	struct stage_state state;
	/* Until the end, until the next greeting, until the next message. */
	struct arena *client, *greeting, *mail;
	bool in_mail;
	bool begun; /* its content */
	struct milterd_rcpt *rcpts;
	size_t nrcpts, room;
	const char *classes; /* that DATA has come to, for all */
	struct effect *effects, **effects_end;
	struct milterd_message message;
	struct trace *trace; /* of the latest lists; in ${mail} */
	/* Of MILTERD_REFUSE. */
	int code;
	const char *dsn, *text;
	int64_t pause; /* before any answer, ns */
};

/* milterd_visit_new(shared, number): heap.  milterd_visit_free(v): NULL is
 * allowed. */
struct milterd_visit *
milterd_visit_new(const struct milterd_shared *shared, unsigned number);
void milterd_visit_free(struct milterd_visit *v);

/* What happens, in the order of SMTP: the client, its greeting, MAIL and RCPT with their words
 * (ended by NULL), DATA. */
enum milterd_answer milterd_visit_connect(struct milterd_visit *v,
    const struct milterd_macros *macros, const char *name,
    const struct sockaddr *address);
enum milterd_answer milterd_visit_helo(struct milterd_visit *v,
    const struct milterd_macros *macros, const char *name);
enum milterd_answer milterd_visit_mail(
    struct milterd_visit *v, const struct milterd_macros *macros, char **words);
enum milterd_answer milterd_visit_rcpt(
    struct milterd_visit *v, const struct milterd_macros *macros, char **words);
enum milterd_answer milterd_visit_data(
    struct milterd_visit *v, const struct milterd_macros *macros);

/* milterd_visit_content(v): the message, for the first of its content. */
struct milterd_message *milterd_visit_content(struct milterd_visit *v);

/*
 * milterd_visit_end(v, macros, outcome):
 * The message is whole.  CONTINUE: it is taken, with the edits of v->message,
 * the headers of EFFECT_PREPEND in v->effects and what *outcome says; texts live
 * until milterd_visit_forget().
 */
enum milterd_answer milterd_visit_end(struct milterd_visit *v,
    const struct milterd_macros *macros, struct milterd_outcome *outcome);

/* milterd_visit_forget(v): the message is over, whatever became of it. */
void milterd_visit_forget(struct milterd_visit *v);

#endif

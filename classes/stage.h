/* stage.h - what is evaluated when: the one engine behind every door. */
#ifndef CLASSES_STAGE_H
#define CLASSES_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/effect.h"
#include "checks/spf_terms.h"
#include "classes/trace.h"
#include "classes/wait.h"

struct conf;
struct err;
struct route;
struct site;
struct subject;

enum stage {
	STAGE_CONNECT,
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_END, /* end of data */
	STAGE_ETRN,
	STAGE_VRFY,
};

/* Compiled lists of one service.  Immutable; any thread. */
struct rules;

/*
 * stage_compile(conf, route, strict, err):
 * Compile the restriction lists of ${conf} (a service's view).  Every mistake
 * is found now and gathered in ${err}, one "file:line: text" per line.
 * ${strict}: NULL if there is one.  Otherwise a mistaken list answers
 * 451 4.3.5, as Postfix does.  The open-relay safety check is made here.
 * ${route} stays the caller's and must outlive the rules.
 */
struct rules *stage_compile(
    struct conf *conf, struct route *route, bool strict, struct err *err);
void stage_free(struct rules *rules);

/*
 * stage_compile_beside(conf, route, strict, err):
 * The same for a door beside an MTA that stays, where mail is not relayed by
 * our word: there is no safety check, and a list may come to a name of
 * weir_classes_elsewhere.  ${conf} has seen beside_settle().
 */
struct rules *stage_compile_beside(
    struct conf *conf, struct route *route, bool strict, struct err *err);

/* stage_site(rules): what its checks know of the configuration.
 * stage_soft_bounce(rules): whether replies 5NN become 4NN. */
const struct site *stage_site(const struct rules *rules);
bool stage_soft_bounce(const struct rules *rules);

/* stage_allow_open(rules): evaluate although the safety check has failed, for
 * a door that does not relay (the test bench, a policy service).  Otherwise
 * such rules answer 451 to every recipient. */
void stage_allow_open(struct rules *rules);

/* stage_blocks(rules, stage): it may have to wait for anything (stage_waits.h),
 * so that it is not for a loop. */
bool stage_blocks(const struct rules *rules, enum stage stage);

/* The answer for one command.  Texts live in the subject's arena. */
struct verdict {
	bool pass;              /* the command may succeed */
	int code;               /* of the reply, if not pass: 4NN, 5NN */
	const char *dsn;        /* "5.7.1" */
	const char *text;       /* the rest of the reply, one line */
	bool hangup;            /* 421, 521: close after the reply */
	bool warned;            /* what would be refused only was noted */
	bool again;             /* see stage_waits.h */
	struct effect *effects; /* also with pass; what this stage has added */
	struct trace *trace;    /* every step that was taken */
	/* The classes with content checks that the evaluation has come to, in
	 * order (class_names.h): at STAGE_RCPT those of this recipient, at
	 * STAGE_DATA more of them, for all recipients. */
	const char *classes;

	/* Not pass, behind a condition that compares the reputation of who
	 * sends, which must not prove itself (conduct.h). */
	bool foregone;

	/* For a door that only gives advice: */
	bool deferral; /* not pass, but only because nothing has refused: a
			* deferral was kept */
	const char *if_reject; /* pass or deferral: a refusal by others is to
				* become a deferral with this text; or NULL */
	const char *if_reject_dsn;
	bool written; /* pass, because a table's entry or a class, in the last
		       * of the lists, says so in as many words */
	const char *elsewhere; /* pass so far: a list has come to this name,
				* which others know; or NULL */
};

/* What is carried between the stages of a session.  Zero-initialised; the
 * door clears it with stage_reset_mail() at RSET and after each message, with
 * stage_reset_helo() at STARTTLS, with stage_reset_session() at XCLIENT and at
 * the end. */
struct stage_state {
	/* Why a permit will become a deferral, "450 4.7.1 text", malloc'd:
	 * what the client, HELO and sender lists have found so far. */
	char *defer_client, *defer_helo, *defer_sender;
	/* The classes that they have come to, unless they run at RCPT. */
	char *classes_client, *classes_helo, *classes_sender;
	bool discard; /* DISCARD: no list of this message is evaluated more */
	bool held;    /* HOLD: it need not be said again */
	struct spf_standing spf; /* of the message; its domain is malloc'd */
};
void stage_reset_mail(struct stage_state *state);
void stage_reset_helo(struct stage_state *state);
void stage_reset_session(struct stage_state *state);

/*
 * stage_run(rules, stage, subject, state, verdict):
 * Evaluate what belongs to ${stage}: with smtpd_delay_reject the client, helo
 * and sender lists run at RCPT (or ETRN); the relay list before the recipient
 * list; the implicit unlisted checks at their end; carried defer_if_permit;
 * soft_bounce.  Logs "reject:", "reject_warning:", "hold:" ... lines as
 * Postfix does.  May block (stage_blocks()) until the deadlines of what it
 * asks.  At STAGE_DATA and STAGE_END the recipient is looked at only if there
 * is one alone; the door leaves the last one in the subject.
 */
void stage_run(struct rules *rules, enum stage stage, struct subject *subject,
    struct stage_state *state, struct verdict *verdict);

/* stage_run_within(rules, stage, may, subject, state, verdict): the same, which
 * waits for no more than ${may} (stage_waits.h); stage_run() waits for anything
 * if the stage blocks. */
void stage_run_within(struct rules *rules, enum stage stage, enum wait may,
    struct subject *subject, struct stage_state *state,
    struct verdict *verdict);

#endif

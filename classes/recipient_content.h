/* recipient_content.h - what the classes of each recipient say about the content of
 * a message, as a stage of it (content_stage.h).
 *
 * Recipients whose evaluation has come to the same classes, in the same order,
 * are one group.  Each class looks at the message once, however many groups and
 * recipients have it; it looks at what the stages common to all have made of
 * it, and passes it on as it is. */
#ifndef CLASSES_RECIPIENT_CONTENT_H
#define CLASSES_RECIPIENT_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct class_content;
struct class_content_all;
struct content_note;
struct content_stage;
struct content_verdict;
struct recipient_content;
struct subject;

enum recipient_fate {
	RECIPIENT_TAKEN,
	RECIPIENT_REFUSED,
	RECIPIENT_HELD,
	RECIPIENT_DISCARDED,
	RECIPIENT_REDIRECTED,
};

/* What is said about a group; texts live in the arena. */
struct recipient_verdict {
	enum recipient_fate fate;
	int code; /* of REFUSED: the reply, 4NN or 5NN */
	const char *dsn, *text;
	const char *redirect;            /* of REDIRECTED: an address */
	const struct class_content *by;  /* whose class; NULL: TAKEN */
	const struct content_note *note; /* the answer that decided; NULL: none
					  * did, it is a fault of the message */
};

/*
 * recipient_content_new(all, subject, common, arena):
 * Begin a message that nobody is to have yet.  ${common} is the verdict of the
 * stages common to all: when that is done, nothing more is looked at.  All of
 * them outlive what is made here, which needs no end.
 */
struct recipient_content *recipient_content_new(
    const struct class_content_all *all, const struct subject *subject,
    const struct content_verdict *common, struct arena *arena);

/* recipient_content_add(rc, address, classes): a recipient whose evaluation has
 * come to ${classes} (class_names.h), of which some may have no content checks;
 * the number of its group.  What a class only warns of names its first
 * recipient in the log. */
unsigned recipient_content_add(
    struct recipient_content *rc, const char *address, const char *classes);

/* recipient_content_groups(rc): how many there are. */
unsigned recipient_content_groups(const struct recipient_content *rc);

/* recipient_content_open(rc, next): the stage, to be released by its close(); NULL:
 * nobody has a class with checks.  May block if class_content_all.blocks. */
struct content_stage *recipient_content_open(
    struct recipient_content *rc, struct content_stage *next);

/*
 * recipient_content_verdict(rc, group, verdict):
 * What ${group} is to have, when the message is whole.  The class that was come
 * to first decides, if it refuses, discards, redirects or passes, then the
 * next; HOLD of any of them stands if none that decides says something else.
 */
void recipient_content_verdict(const struct recipient_content *rc,
    unsigned group, struct recipient_verdict *verdict);

/* What one reply for several recipients has to say.  Zero-initialised: nobody. */
struct recipient_sum {
	const struct recipient_verdict *first; /* who refuses */
	const struct recipient_verdict *later; /* who has to be asked again */
	bool taken;                            /* somebody does not refuse */
};

/* recipient_content_sum(sum, verdict): one more recipient, whose verdict stays.
 * recipient_content_refusal(sum, soft): with these words the message is refused
 * for all: somebody has to be asked again (${soft}: after each refusal), or all
 * refuse; or NULL. */
void recipient_content_sum(
    struct recipient_sum *sum, const struct recipient_verdict *verdict);
const struct recipient_verdict *
recipient_content_refusal(const struct recipient_sum *sum, bool soft);

/* recipient_content_settle(verdict): who refuses a message that others take gets
 * what main.cf says for the class: the fate is HELD, DISCARDED or REDIRECTED. */
void recipient_content_settle(struct recipient_verdict *verdict);

/* recipient_content_found(rc, fn, arg): call ${fn} for each answer that any class
 * has found.  recipient_content_notes(rc, group, fn, arg): for each that those of
 * ${group} have found, in their order. */
void recipient_content_found(const struct recipient_content *rc,
    void (*fn)(void *arg, const struct content_note *note), void *arg);
void recipient_content_notes(const struct recipient_content *rc, unsigned group,
    void (*fn)(void *arg, const struct content_note *note), void *arg);

#endif

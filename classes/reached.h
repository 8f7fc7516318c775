/* reached.h - which restrictions, and which lines of access tables, any of
 * several evaluations has come to: the coverage of a site's rules by its own
 * tests. */
#ifndef CLASSES_REACHED_H
#define CLASSES_REACHED_H

struct conf;
struct reached;
struct rules;
struct trace;

struct reached *reached_new(void);
void reached_free(struct reached *reached);

/* reached_note(reached, trace): its steps were taken.  A restriction is known
 * by its list and its words, so the rules may have been compiled anew. */
void reached_note(struct reached *reached, const struct trace *trace);

struct reached_count {
	unsigned restrictions, restrictions_reached;
	unsigned lines, lines_reached;
};

/*
 * reached_review(reached, rules, conf, say, arg):
 * Count the restrictions of all lists and classes of ${rules}, which were
 * compiled from ${conf}, and the lines of their tables that are files or
 * inline; call say(arg, "file:line: what") for each that was not reached.
 */
struct reached_count
reached_review(const struct reached *reached, struct rules *rules,
    struct conf *conf, void (*say)(void *arg, const char *text), void *arg);

#endif

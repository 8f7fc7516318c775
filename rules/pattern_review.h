/* pattern_review.h - which rules of a pattern table are never found. */
#ifndef RULES_PATTERN_REVIEW_H
#define RULES_PATTERN_REVIEW_H

/*
 * pattern_review(state, say, arg):
 * As the member of struct table_type.  Only what is certain is told: a rule
 * stands behind one with the same expression, behind one that matches
 * everything, or its expression is a plain text and one before it matches
 * whatever has that text in it.
 */
void pattern_review(
    void *state, void (*say)(void *arg, const char *text), void *arg);

#endif

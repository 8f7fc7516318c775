/* review.h - advice about compiled lists that are no mistakes, but hardly what
 * their author meant: for weir check. */
#ifndef CLASSES_REVIEW_H
#define CLASSES_REVIEW_H

#include <stdbool.h>

struct conf;
struct rules;

/*
 * review_rules(rules, conf, beside, say, arg):
 * Call say(arg, "file:line: name: advice") for each
 * - restriction that is never reached, or only repeats one before it;
 * - DNS list without a filter for the answers that count;
 * - entry of its tables that others before it hide (table_review());
 * - permit before strangers are kept from relaying (early.h); ${beside} an MTA
 *   that stays and sees to that itself, only where a list does so, too.
 * ${conf} is what ${rules} were compiled from.
 */
void review_rules(struct rules *rules, struct conf *conf, bool beside,
    void (*say)(void *arg, const char *text), void *arg);

#endif

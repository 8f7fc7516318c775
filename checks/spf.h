/* spf.h - the restriction check_spf: may this client send mail of this domain
 * (RFC 7208)? */
#ifndef CHECKS_SPF_H
#define CHECKS_SPF_H

#include "checks/spf_terms.h"

struct answer;
struct ask;
struct subject;

/* spf_ask(ask, answer): ask for the HELO name, then for the sender, and do what
 * weir_spf_actions says of the results.  May block until weir_spf_time_limit. */
void spf_ask(struct ask *ask, struct answer *answer);

/* spf_find(subject, known): what check_spf has found out about the message at
 * hand: what is ${known}, or what it has found for another request about it; it is
 * not asked.  spf_domain(subject, known): the domain whose policy the message has
 * passed, in the subject's arena; or NULL.  Neither blocks. */
struct spf_standing
spf_find(const struct subject *subject, const struct spf_standing *known);
const char *
spf_domain(const struct subject *subject, const struct spf_standing *known);

/* spf_keep(kept, found): ${kept}, whose domain is malloc'd, becomes ${found}. */
void spf_keep(struct spf_standing *kept, const struct spf_standing *found);

#endif

/* reply_macro.h - what the template of a reply may name: $client_address,
 * $localtime ... (postconf(5), default_rbl_reply and smtpd_reject_footer). */
#ifndef CHECKS_REPLY_MACRO_H
#define CHECKS_REPLY_MACRO_H

#include <stdbool.h>

struct site;
struct subject;

/* reply_macro_known(name): there is such a name, whether it has a value now or
 * not. */
bool reply_macro_known(const char *name);

/* reply_macro_find(subject, site, name): the value, with what
 * smtpd_expansion_filter does not let through made '_'; NULL: there is no such
 * name, or it is not known yet.  In the subject's arena. */
const char *reply_macro_find(
    const struct subject *subject, const struct site *site, const char *name);

/* reply_macro_clean(subject, site, value): the same filter for a value of the
 * caller's. */
const char *reply_macro_clean(
    const struct subject *subject, const struct site *site, const char *value);

#endif

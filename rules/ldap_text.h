/* ldap_text.h - texts of LDAP: what is special in them. */
#ifndef RULES_LDAP_TEXT_H
#define RULES_LDAP_TEXT_H

#include <stdbool.h>

struct buf;

/* ldap_text_filter(NULL, text, out), ldap_text_dn(): append ${text}, quoted for
 * a filter (RFC 4515) or a DN (RFC 4514).  Always true. */
bool ldap_text_filter(void *arg, const char *text, struct buf *out);
bool ldap_text_dn(void *arg, const char *text, struct buf *out);

/* ldap_text_subtype(a, b): is one of two attributes the other with options
 * (";lang-de")?  Greater than 0: ${b} is, or they are the same; less: ${a} is;
 * 0: they are two. */
int ldap_text_subtype(const char *a, const char *b);

#endif

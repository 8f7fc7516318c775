/* table_ldap.h - ldap:/path, an LDAP directory. */
#ifndef RULES_TABLE_LDAP_H
#define RULES_TABLE_LDAP_H

#include "rules/types.h"

extern const struct table_type table_ldap;

#endif

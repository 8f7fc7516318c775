/* ldap_client.h - libldap, loaded when it is needed, and how a table of a
 * directory has its connections made (ldap_table(5)). */
#ifndef RULES_LDAP_CLIENT_H
#define RULES_LDAP_CLIENT_H

#include <ldap.h>
#include <stdbool.h>

struct err;
struct table_settings;

/* What is used of libldap. */
#define LDAP_CLIENT_FUNCTIONS(F)                                               \
	F(ber_free)                                                            \
	F(ber_set_option)                                                      \
	F(ldap_err2string)                                                     \
	F(ldap_first_attribute)                                                \
	F(ldap_first_entry)                                                    \
	F(ldap_free_urldesc)                                                   \
	F(ldap_get_values_len)                                                 \
	F(ldap_initialize)                                                     \
	F(ldap_is_ldap_url)                                                    \
	F(ldap_memfree)                                                        \
	F(ldap_msgfree)                                                        \
	F(ldap_next_attribute)                                                 \
	F(ldap_next_entry)                                                     \
	F(ldap_sasl_bind_s)                                                    \
	F(ldap_sasl_interactive_bind_s)                                        \
	F(ldap_search_ext_s)                                                   \
	F(ldap_set_option)                                                     \
	F(ldap_start_tls_s)                                                    \
	F(ldap_unbind_ext_s)                                                   \
	F(ldap_url_parse)                                                      \
	F(ldap_value_free_len)

struct ldap_client_functions {
#define F(name) __typeof__(name) *(name);
	LDAP_CLIENT_FUNCTIONS(F)
#undef F
};

/* Filled by ldap_client_load(). */
extern struct ldap_client_functions ldap_client;

enum ldap_client_bind {
	LDAP_CLIENT_ANONYMOUS,
	LDAP_CLIENT_SIMPLE,
	LDAP_CLIENT_SASL,
};

/* How to make a connection. */
struct ldap_client_account {
	enum ldap_client_bind bind;
	const char *dn, *password;
	const char *mechs, *realm, *authz;
	int minssf;
	int timeout, version, dereference, debug;
	bool referrals, start_tls, require_cert;
	const char *ca_file, *ca_dir, *cert, *key, *random, *ciphers;
};

/* ldap_client_load(err): have the library, before the jail; -1 and why not. */
int ldap_client_load(struct err *err);

/* ldap_client_read(account, settings, err): from a table's parameters; -1: a
 * mistake in them. */
int ldap_client_read(struct ldap_client_account *account,
    struct table_settings *settings, struct err *err);

/* ldap_client_connect(account, url, err): connect, unless the account is
 * anonymous, when the first search does so.  NULL and the reason. */
LDAP *ldap_client_connect(const struct ldap_client_account *account,
    const char *url, struct err *err);
void ldap_client_disconnect(LDAP *ld);

#endif

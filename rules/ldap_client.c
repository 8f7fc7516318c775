/* ldap_client.c - see ldap_client.h. */
#include "rules/ldap_client.h"

#include <sasl/sasl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/client_library.h"
#include "rules/table_settings.h"

enum { MOST_SSF = 4096 };

struct ldap_client_functions ldap_client;

static struct client_library library = {
	.files = (const char *const[]){ "libldap-2.5.so.0", "libldap.so.2",
	    "libldap-2.4.so.2", NULL },
	.package = "libldap-2.5-0",
	.symbols =
	    (const struct client_library_symbol[]){
#define F(name) { #name, offsetof(struct ldap_client_functions, name) },
		LDAP_CLIENT_FUNCTIONS(F)
#undef F
		    { NULL, 0 } },
	.functions = &ldap_client,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

int
ldap_client_load(struct err *err)
{
	return client_library_open(&library, err);
}

static int
read_bind(struct ldap_client_account *a, struct table_settings *settings,
    struct err *err)
{
	static const struct {
		const char *name;
		enum ldap_client_bind bind;
	} kinds[] = {
		{ "yes", LDAP_CLIENT_SIMPLE },
		{ "simple", LDAP_CLIENT_SIMPLE },
		{ "no", LDAP_CLIENT_ANONYMOUS },
		{ "none", LDAP_CLIENT_ANONYMOUS },
		{ "sasl", LDAP_CLIENT_SASL },
	};
	const char *text = table_settings_text(settings, "bind", "yes");

	a->dn = table_settings_text(settings, "bind_dn", "");
	a->password = table_settings_text(settings, "bind_pw", "");
	a->mechs = table_settings_text(settings, "sasl_mechs", "");
	a->realm = table_settings_text(settings, "sasl_realm", "");
	a->authz = table_settings_text(settings, "sasl_authz_id", "");
	if (table_settings_count(settings, "sasl_minssf", 0, &a->minssf, err) !=
	    0)
		return -1;
	if (a->minssf > MOST_SSF)
		a->minssf = MOST_SSF;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, text) == 0) {
			a->bind = kinds[i].bind;
			return 0;
		}
	err_set(err, "%s: unsupported parameter value: bind = %s",
	    table_settings_name(settings), text);
	return -1;
}

/* What is not what it should be gets Postfix's warning and its default. */
static void
correct(struct ldap_client_account *a, const char *name)
{
	if (a->version != LDAP_VERSION2 && a->version != LDAP_VERSION3) {
		event_warning(NULL,
		    "dict_ldap_open: %s Unknown version %d, using 2.", name,
		    a->version);
		a->version = LDAP_VERSION2;
	}
	if (a->start_tls && a->version < LDAP_VERSION3) {
		event_warning(NULL,
		    "dict_ldap_open: %s start_tls requires protocol version 3",
		    name);
		a->version = LDAP_VERSION3;
	}
	if (a->dereference > LDAP_DEREF_ALWAYS) {
		event_warning(NULL,
		    "dict_ldap_open: %s Unrecognized value %d specified for "
		    "dereference; using 0",
		    name, a->dereference);
		a->dereference = LDAP_DEREF_NEVER;
	}
}

static void
print_debug(const char *text)
{
	event_info(NULL, "dict_ldap_debug: %s", text);
}

/* For all connections, as it is in the library. */
static void
set_debug(const struct ldap_client_account *a)
{
	void (*print)(const char *text) = print_debug;
	void *address;

	if (a->debug == 0)
		return;
	/* POSIX, not C, says that a function's address may be given so. */
	memcpy(&address, &print, sizeof address);
	if (ldap_client.ber_set_option(NULL, LBER_OPT_LOG_PRINT_FN, address) !=
		LBER_OPT_SUCCESS ||
	    ldap_client.ber_set_option(NULL, LBER_OPT_DEBUG_LEVEL, &a->debug) !=
		LBER_OPT_SUCCESS ||
	    ldap_client.ldap_set_option(
		NULL, LDAP_OPT_DEBUG_LEVEL, &a->debug) != LDAP_OPT_SUCCESS)
		event_warning(
		    NULL, "dict_ldap_open: Unable to set LDAP debug level.");
}

int
ldap_client_read(struct ldap_client_account *account,
    struct table_settings *settings, struct err *err)
{
	struct ldap_client_account *a = account;
	struct table_settings *s = settings;

	*a = (struct ldap_client_account){ .timeout = 10,
		.version = LDAP_VERSION3 };
	a->ca_file = table_settings_text(s, "tls_ca_cert_file", "");
	a->ca_dir = table_settings_text(s, "tls_ca_cert_dir", "");
	a->cert = table_settings_text(s, "tls_cert", "");
	a->key = table_settings_text(s, "tls_key", "");
	a->random = table_settings_text(s, "tls_random_file", "");
	a->ciphers = table_settings_text(s, "tls_cipher_suite", "");
	if (read_bind(a, s, err) != 0 ||
	    table_settings_count(s, "timeout", 1, &a->timeout, err) != 0 ||
	    table_settings_count(s, "version", 2, &a->version, err) != 0 ||
	    table_settings_count(s, "dereference", 0, &a->dereference, err) !=
		0 ||
	    table_settings_count(s, "debuglevel", 0, &a->debug, err) != 0 ||
	    table_settings_flag(s, "chase_referrals", &a->referrals, err) !=
		0 ||
	    table_settings_flag(s, "start_tls", &a->start_tls, err) != 0 ||
	    table_settings_flag(s, "tls_require_cert", &a->require_cert, err) !=
		0)
		return -1;
	correct(a, table_settings_name(s));
	set_debug(a);
	return 0;
}

/* An option that is a text, if there is one. */
static int
set_text(LDAP *ld, int option, const char *text)
{
	return *text == '\0' ? LDAP_OPT_SUCCESS
			     : ldap_client.ldap_set_option(ld, option, text);
}

static int
set_tls(LDAP *ld, const struct ldap_client_account *a)
{
	int demand =
	    a->require_cert ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER;
	int server = 0;

	return set_text(ld, LDAP_OPT_X_TLS_RANDOM_FILE, a->random) != 0 ||
		set_text(ld, LDAP_OPT_X_TLS_CACERTFILE, a->ca_file) != 0 ||
		set_text(ld, LDAP_OPT_X_TLS_CACERTDIR, a->ca_dir) != 0 ||
		set_text(ld, LDAP_OPT_X_TLS_CERTFILE, a->cert) != 0 ||
		set_text(ld, LDAP_OPT_X_TLS_KEYFILE, a->key) != 0 ||
		set_text(ld, LDAP_OPT_X_TLS_CIPHER_SUITE, a->ciphers) != 0 ||
		ldap_client.ldap_set_option(
		    ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) != 0 ||
		ldap_client.ldap_set_option(
		    ld, LDAP_OPT_X_TLS_NEWCTX, &server) != 0
	    ? -1
	    : 0;
}

static int
set_options(LDAP *ld, const struct ldap_client_account *a)
{
	struct timeval limit = { .tv_sec = a->timeout };

	/* A flag is set by any address: LDAP_OPT_ON's is in the library. */
	return ldap_client.ldap_set_option(
		   ld, LDAP_OPT_NETWORK_TIMEOUT, &limit) != 0 ||
		ldap_client.ldap_set_option(ld, LDAP_OPT_TIMEOUT, &limit) !=
		    0 ||
		ldap_client.ldap_set_option(
		    ld, LDAP_OPT_PROTOCOL_VERSION, &a->version) != 0 ||
		ldap_client.ldap_set_option(
		    ld, LDAP_OPT_DEREF, &a->dereference) != 0 ||
		ldap_client.ldap_set_option(ld, LDAP_OPT_REFERRALS,
		    a->referrals ? &limit : LDAP_OPT_OFF) != 0
	    ? -1
	    : 0;
}

/* What SASL asks for is in the parameters, or is not to be had. */
static int
answer_sasl(LDAP *ld, unsigned flags, void *arg, void *questions)
{
	const struct ldap_client_account *a = arg;
	sasl_interact_t *q;

	(void)ld;
	(void)flags;
	for (q = questions; q->id != SASL_CB_LIST_END; q++) {
		const char *text = NULL;

		if (q->id == SASL_CB_GETREALM)
			text = a->realm;
		else if (q->id == SASL_CB_AUTHNAME)
			text = a->dn;
		else if (q->id == SASL_CB_USER)
			text = a->authz;
		else if (q->id == SASL_CB_PASS)
			text = a->password;
		q->result = text;
		q->len = text != NULL ? (unsigned)strlen(text) : 0;
	}
	return LDAP_SUCCESS;
}

static int
bind_sasl(LDAP *ld, const struct ldap_client_account *a)
{
	struct ldap_client_account copy = *a;
	char properties[32];
	int error;

	(void)snprintf(properties, sizeof properties, "minssf=%d", a->minssf);
	error = ldap_client.ldap_set_option(
	    ld, LDAP_OPT_X_SASL_SECPROPS, properties);
	return error != LDAP_OPT_SUCCESS
	    ? error
	    : ldap_client.ldap_sasl_interactive_bind_s(ld, NULL, a->mechs, NULL,
		  NULL, LDAP_SASL_QUIET, answer_sasl, &copy);
}

static int
bind_simple(LDAP *ld, const struct ldap_client_account *a)
{
	char *copy = strdup(a->password);
	struct berval password;
	int error;

	if (copy == NULL)
		fatal("out of memory");
	password = (struct berval){ .bv_val = copy, .bv_len = strlen(copy) };
	error = ldap_client.ldap_sasl_bind_s(
	    ld, a->dn, LDAP_SASL_SIMPLE, &password, NULL, NULL, NULL);
	free(copy);
	return error;
}

/* Be who we are to be; -1 and why it is refused. */
static int
introduce(LDAP *ld, const struct ldap_client_account *a, const char *url,
    struct err *err)
{
	int error = LDAP_SUCCESS;

	if (a->start_tls)
		error = ldap_client.ldap_start_tls_s(ld, NULL, NULL);
	if (error != LDAP_SUCCESS) {
		err_set(err,
		    "dict_ldap_connect: Unable to set STARTTLS: %d: %s", error,
		    ldap_client.ldap_err2string(error));
		return -1;
	}
	if (a->bind == LDAP_CLIENT_SASL)
		error = bind_sasl(ld, a);
	else if (a->bind == LDAP_CLIENT_SIMPLE)
		error = bind_simple(ld, a);
	if (error == LDAP_SUCCESS)
		return 0;
	err_set(err,
	    "dict_ldap_connect: Unable to bind to server %s with dn %s: %d "
	    "(%s)",
	    url, *a->dn != '\0' ? a->dn : "empty or implicit", error,
	    ldap_client.ldap_err2string(error));
	return -1;
}

LDAP *
ldap_client_connect(
    const struct ldap_client_account *account, const char *url, struct err *err)
{
	LDAP *ld = NULL;

	if (ldap_client.ldap_initialize(&ld, url) != LDAP_SUCCESS) {
		err_set(err, "dict_ldap_connect: Unable to init LDAP server %s",
		    url);
		return NULL;
	}
	if (set_options(ld, account) != 0) {
		err_set(
		    err, "dict_ldap_connect: %s: Unable to set options", url);
	} else if ((account->start_tls || strncmp(url, "ldaps:", 6) == 0) &&
	    set_tls(ld, account) != 0) {
		err_set(err, "dict_ldap_connect: %s: Unable to set TLS options",
		    url);
	} else if (introduce(ld, account, url, err) == 0) {
		return ld;
	}
	ldap_client_disconnect(ld);
	return NULL;
}

void
ldap_client_disconnect(LDAP *ld)
{
	(void)ldap_client.ldap_unbind_ext_s(ld, NULL, NULL);
}

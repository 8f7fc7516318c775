/* tls_context.c - see tls_context.h. */
#include "base/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/tls.h"

static const char separators[] = ", \t\r\n:";

static const char *
text(const char *s)
{
	return s != NULL ? s : "";
}

const char *
tls_context_reason(void)
{
	unsigned long e = ERR_get_error();
	const char *why = ERR_reason_error_string(e);

	ERR_clear_error();
	if (e == 0)
		return "unknown error";
	if (ERR_SYSTEM_ERROR(e))
		return err_errno(ERR_GET_REASON(e));
	return why != NULL ? why : "unknown error";
}

/* Nobody is there to type a password. */
static int
no_password(char *to, int size, int writing, void *arg)
{
	(void)writing;
	(void)arg;
	if (size > 0)
		to[0] = '\0';
	return 0;
}

/* Certificates are looked at when the handshake is over: an untrusted one is
 * no reason to send mail in the clear. */
static int
go_on(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
	    store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_context_fault *fault = SSL_get_app_data(ssl);
	int depth = X509_STORE_CTX_get_error_depth(store);

	/* OpenSSL keeps the last error, which may follow from the first. */
	if (!good && fault != NULL &&
	    (fault->code == X509_V_OK || depth < fault->depth))
		*fault =
		    (struct tls_context_fault){ X509_STORE_CTX_get_error(store),
			    depth };
	return 1;
}

/* clang-format off */
static const struct protocol {
	const char *name;
	int version;
	uint64_t off;
} protocols[] = {
	{ "SSLv2",   SSL2_VERSION,   0 }, /* OpenSSL no longer has it */
	{ "SSLv3",   SSL3_VERSION,   SSL_OP_NO_SSLv3 },
	{ "TLSv1",   TLS1_VERSION,   SSL_OP_NO_TLSv1 },
	{ "TLSv1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1 },
	{ "TLSv1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2 },
	{ "TLSv1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3 },
};
enum { PROTOCOLS = sizeof protocols / sizeof *protocols };

/* Postfix's tls_*_cipherlist. */
static const struct grade {
	const char *name, *list;
} grades[] = {
	{ "high",   "aNULL:-aNULL:HIGH:@STRENGTH" },
	{ "medium", "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH" },
	{ "low",    "aNULL:-aNULL:HIGH:MEDIUM:LOW:+RC4:@STRENGTH" },
	{ "export", "aNULL:-aNULL:HIGH:MEDIUM:LOW:EXPORT:+RC4:@STRENGTH" },
	{ "null",   "eNULL:!aNULL" },
};
enum { GRADES = sizeof grades / sizeof *grades };
/* clang-format on */

static int
find_protocol(const char *name)
{
	for (int i = 0; i < PROTOCOLS; i++)
		if (strcasecmp(name, protocols[i].name) == 0)
			return i;
	return -1;
}

/* A name, or a number such as 0x0303; 0: neither. */
static int
version_of(const char *word)
{
	int i = find_protocol(word);
	char *end;
	long n;

	if (i >= 0)
		return protocols[i].version;
	n = strtol(word, &end, 0);
	return *end != '\0' || n < 0 || n > 0xffff ? 0 : (int)n;
}

/* One word of a protocol list; a bit per protocol that is (not) wanted. */
static bool
one_protocol(SSL_CTX *ctx, const char *word, unsigned *wanted, unsigned * not )
{
	int i;

	if (strncmp(word, ">=", 2) == 0 || strncmp(word, "<=", 2) == 0) {
		i = version_of(word + 2);
		if (i == 0)
			return false;
		return (word[0] == '>'
			       ? SSL_CTX_set_min_proto_version(ctx, i)
			       : SSL_CTX_set_max_proto_version(ctx, i)) == 1;
	}
	i = find_protocol(word[0] == '!' ? word + 1 : word);
	if (i < 0)
		return false;
	*(word[0] == '!' ? not : wanted) |= 1U << i;
	return true;
}

static int
set_protocols(SSL_CTX *ctx, const char *list, struct err *err)
{
	char word[32];
	unsigned wanted = 0, not = 0;
	size_t n;

	for (const char *p = list; *(p += strspn(p, separators)) != '\0';
	     p += n) {
		n = strcspn(p, separators);
		(void)snprintf(word, sizeof word, "%.*s", (int)n, p);
		if (n >= sizeof word ||
		    !one_protocol(ctx, word, &wanted, &not )) {
			ERR_clear_error();
			err_set(err, "Invalid TLS protocol list \"%s\"", list);
			return -1;
		}
	}
	if (wanted != 0)
		not |= ~wanted;
	for (unsigned i = 0; i < PROTOCOLS; i++)
		if ((not >> i & 1) != 0)
			(void)SSL_CTX_set_options(ctx, protocols[i].off);
	return 0;
}

static int
set_ciphers(
    SSL_CTX *ctx, const struct tls_settings *s, bool server, struct err *err)
{
	const char *grade = text(s->ciphers), *p = text(s->exclude_ciphers);
	struct buf list = { 0 };
	size_t i = 0, n;
	int rc;

	grade = grade[0] != '\0' ? grade : "medium";
	while (i < GRADES && strcasecmp(grade, grades[i].name) != 0)
		i++;
	if (i == GRADES) {
		err_set(err, "invalid TLS cipher grade: \"%s\"", grade);
		return -1;
	}
	buf_puts(&list, grades[i].list);
	for (; *(p += strspn(p, separators)) != '\0'; p += n) {
		n = strcspn(p, separators);
		buf_puts(&list, ":!");
		buf_put(&list, p, n);
	}
	/* An anonymous server cannot ask for certificates. */
	if (server && (s->ask_ccert || s->req_ccert))
		buf_puts(&list, ":!aNULL");
	rc = SSL_CTX_set_cipher_list(ctx, list.data) == 1 ? 0 : -1;
	if (rc != 0)
		err_set(err, "TLS ciphers \"%s\": %s", list.data,
		    tls_context_reason());
	buf_free(&list);
	return rc;
}

static int
load_pair(SSL_CTX *ctx, const char *cert, const char *key, struct err *err)
{
	if (key[0] == '\0')
		key = cert;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1) {
		err_set(err, "cannot load certificate from file %s: %s", cert,
		    tls_context_reason());
		return -1;
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1) {
		err_set(err, "cannot load private key from file %s: %s", key,
		    tls_context_reason());
		return -1;
	}
	return 0;
}

/* A key and its certificates, as they are found in chain files. */
struct chain {
	EVP_PKEY *key;
	X509 *leaf;
	STACK_OF(X509) * others;
};

static void
chain_clear(struct chain *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->leaf);
	sk_X509_pop_free(c->others, X509_free);
	*c = (struct chain){ 0 };
}

/* Hand a chain that is whole to ${ctx}. */
static bool
chain_use(SSL_CTX *ctx, struct chain *c)
{
	bool good = c->key == NULL ||
	    (c->leaf != NULL &&
		SSL_CTX_use_cert_and_key(ctx, c->leaf, c->key, c->others, 1) ==
		    1);

	chain_clear(c);
	return good;
}

static bool
chain_add(struct chain *c, X509 *cert)
{
	if (c->key == NULL) {
		X509_free(cert);
		return false;
	}
	if (c->leaf == NULL) {
		c->leaf = cert;
		return true;
	}
	if (c->others == NULL)
		c->others = sk_X509_new_null();
	if (c->others == NULL || sk_X509_push(c->others, cert) <= 0)
		fatal("out of memory");
	return true;
}

/* The next object of a PEM file: a key begins a new chain, a certificate
 * continues one, anything else is passed over. */
static bool
chain_object(SSL_CTX *ctx, struct chain *c, const char *name,
    const unsigned char *der, long len)
{
	size_t n = strlen(name);

	if (n >= 11 && strcmp(name + n - 11, "PRIVATE KEY") == 0) {
		if (!chain_use(ctx, c))
			return false;
		c->key = d2i_AutoPrivateKey(NULL, &der, len);
		return c->key != NULL;
	}
	if (strcmp(name, PEM_STRING_X509) == 0 ||
	    strcmp(name, PEM_STRING_X509_OLD) == 0) {
		X509 *cert = d2i_X509(NULL, &der, len);

		return cert != NULL && chain_add(c, cert);
	}
	return true;
}

static bool
chain_file(SSL_CTX *ctx, struct chain *c, const char *path)
{
	BIO *in = BIO_new_file(path, "r");
	char *name, *header;
	unsigned char *der;
	bool good = in != NULL;
	long len;

	while (good && PEM_read_bio(in, &name, &header, &der, &len) == 1) {
		good = chain_object(ctx, c, name, der, len);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)len);
	}
	/* The end of the file is an error of its own. */
	if (good &&
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		good = false;
	if (good)
		ERR_clear_error();
	BIO_free(in);
	return good;
}

static int
load_chains(SSL_CTX *ctx, const char *files, struct err *err)
{
	struct chain chain = { 0 };
	char path[1024] = "";
	bool good = true;
	size_t n;

	for (const char *p = files;
	     good && *(p += strspn(p, ", \t\r\n")) != '\0'; p += n) {
		n = strcspn(p, ", \t\r\n");
		(void)snprintf(path, sizeof path, "%.*s", (int)n, p);
		good = n < sizeof path && chain_file(ctx, &chain, path);
	}
	good = good && chain_use(ctx, &chain);
	chain_clear(&chain);
	if (good)
		return 0;
	err_set(err, "error loading chain from %s: %s", path,
	    ERR_peek_error() != 0 ? tls_context_reason()
				  : "a key must come before its certificate");
	return -1;
}

static int
load_certificates(SSL_CTX *ctx, const struct tls_settings *s, struct err *err)
{
	const char *cert = text(s->cert_file), *ec = text(s->eccert_file);

	if (text(s->chain_files)[0] != '\0')
		return load_chains(ctx, s->chain_files, err);
	if (cert[0] != '\0' && strcmp(cert, "none") != 0 &&
	    load_pair(ctx, cert, text(s->key_file), err) != 0)
		return -1;
	if (ec[0] != '\0' && load_pair(ctx, ec, text(s->eckey_file), err) != 0)
		return -1;
	return 0;
}

static int
load_authorities(
    SSL_CTX *ctx, const char *file, const char *path, struct err *err)
{
	file = text(file)[0] != '\0' ? file : NULL;
	path = text(path)[0] != '\0' ? path : NULL;
	if (file == NULL && path == NULL)
		return 0;
	if (SSL_CTX_load_verify_locations(ctx, file, path) == 1)
		return 0;
	err_set(err, "cannot load Certification Authority data, %s: %s",
	    file != NULL ? file : path, tls_context_reason());
	return -1;
}

static void
set_server(SSL_CTX *ctx, const struct tls_settings *s)
{
	static const unsigned char id[] = "weir";

	(void)SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(ctx, 1);
	(void)SSL_CTX_set_dh_auto(ctx, 1);
	if (!s->ask_ccert && !s->req_ccert)
		return;
	SSL_CTX_set_verify(
	    ctx, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, go_on);
	if (s->most_between > 0)
		SSL_CTX_set_verify_depth(ctx, (int)s->most_between);
	if (text(s->ca_file)[0] != '\0')
		SSL_CTX_set_client_CA_list(
		    ctx, SSL_load_client_CA_file(s->ca_file));
}

static SSL_CTX *
plain(const struct tls_settings *s, bool server)
{
	char groups[] = "X25519:X448:prime256v1:secp521r1:secp384r1";
	SSL_CTX *ctx =
	    SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	if (ctx == NULL)
		fatal("TLS library: %s", tls_context_reason());
	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	/* Weak encryption is better than none: what is too weak is said by the
	 * protocol and cipher settings, not by the system's level. */
	SSL_CTX_set_security_level(ctx, 0);
	/* SMTP says itself where it ends. */
	(void)SSL_CTX_set_options(ctx,
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(ctx,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set1_groups_list(ctx, groups);
	if (server)
		set_server(ctx, s);
	else
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, go_on);
	return ctx;
}

static bool
has_certificate(const struct tls_settings *s)
{
	return text(s->cert_file)[0] != '\0' ||
	    text(s->eccert_file)[0] != '\0' || text(s->chain_files)[0] != '\0';
}

SSL_CTX *
tls_context_new(const struct tls_settings *s, bool server, struct err *err)
{
	SSL_CTX *ctx;

	if (server && !has_certificate(s)) {
		err_set(err, "No server certs available. TLS won't be enabled");
		return NULL;
	}
	ERR_clear_error();
	ctx = plain(s, server);
	if (set_protocols(ctx, text(s->protocols), err) == 0 &&
	    set_ciphers(ctx, s, server, err) == 0 &&
	    load_certificates(ctx, s, err) == 0 &&
	    load_authorities(ctx, s->ca_file, s->ca_path, err) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

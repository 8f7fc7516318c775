/* tls.c - see tls.h. */
#include "base/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/tls_context.h"

struct tls_server {
	SSL_CTX *ctx;
	const EVP_MD *digest;
};

struct tls_client {
	SSL_CTX *ctx;
	const EVP_MD *digest;
};

struct tls {
	SSL *ssl;
	const EVP_MD *digest;
	int fd;
	struct tls_context_fault fault;
	char reason[120];
};

/* A BIO over a socket that, unlike OpenSSL's, never raises SIGPIPE. */
static int
bio_write(BIO *bio, const char *data, int n)
{
	const struct tls *tls = BIO_get_data(bio);
	ssize_t done;

	BIO_clear_retry_flags(bio);
	do
		done = send(tls->fd, data, (size_t)n, MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		BIO_set_retry_write(bio);
	return (int)done;
}

static int
bio_read(BIO *bio, char *data, int n)
{
	const struct tls *tls = BIO_get_data(bio);
	ssize_t done;

	BIO_clear_retry_flags(bio);
	do
		done = recv(tls->fd, data, (size_t)n, 0);
	while (done < 0 && errno == EINTR);
	if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		BIO_set_retry_read(bio);
	if (done == 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return (int)done;
}

static long
bio_ctrl(BIO *bio, int command, long number, void *arg)
{
	(void)number;
	(void)arg;
	if (command == BIO_CTRL_EOF)
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void
make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "socket without signals");
	if (method == NULL || BIO_meth_set_write(method, bio_write) != 1 ||
	    BIO_meth_set_read(method, bio_read) != 1 ||
	    BIO_meth_set_ctrl(method, bio_ctrl) != 1)
		fatal("out of memory");
}

static const EVP_MD *
find_digest(const struct tls_settings *s, struct err *err)
{
	const char *name = s->fingerprint_digest;
	const EVP_MD *digest = EVP_get_digestbyname(
	    name == NULL || *name == '\0' ? "sha256" : name);

	if (digest == NULL)
		err_set(err, "unknown digest algorithm \"%s\"", name);
	return digest;
}

struct tls_server *
tls_server_new(const struct tls_settings *settings, struct err *err)
{
	const EVP_MD *digest = find_digest(settings, err);
	SSL_CTX *ctx =
	    digest != NULL ? tls_context_new(settings, true, err) : NULL;
	struct tls_server *server;

	if (ctx == NULL)
		return NULL;
	server = malloc(sizeof *server);
	if (server == NULL)
		fatal("out of memory");
	*server = (struct tls_server){ ctx, digest };
	return server;
}

void
tls_server_free(struct tls_server *server)
{
	if (server != NULL)
		SSL_CTX_free(server->ctx);
	free(server);
}

struct tls_client *
tls_client_new(const struct tls_settings *settings, struct err *err)
{
	const EVP_MD *digest = find_digest(settings, err);
	SSL_CTX *ctx =
	    digest != NULL ? tls_context_new(settings, false, err) : NULL;
	struct tls_client *client;

	if (ctx == NULL)
		return NULL;
	client = malloc(sizeof *client);
	if (client == NULL)
		fatal("out of memory");
	*client = (struct tls_client){ ctx, digest };
	return client;
}

void
tls_client_free(struct tls_client *client)
{
	if (client != NULL)
		SSL_CTX_free(client->ctx);
	free(client);
}

static struct tls *
begin(SSL_CTX *ctx, const EVP_MD *digest, int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct tls *tls = calloc(1, sizeof *tls);
	BIO *bio;

	(void)pthread_once(&once, make_method);
	if (tls == NULL || (tls->ssl = SSL_new(ctx)) == NULL ||
	    (bio = BIO_new(method)) == NULL)
		fatal("out of memory");
	tls->fd = fd;
	tls->digest = digest;
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	SSL_set_bio(tls->ssl, bio, bio);
	(void)SSL_set_app_data(tls->ssl, &tls->fault);
	return tls;
}

struct tls *
tls_new(struct tls_server *server, int fd)
{
	struct tls *tls = begin(server->ctx, server->digest, fd);

	SSL_set_accept_state(tls->ssl);
	return tls;
}

struct tls *
tls_connect(struct tls_client *client, int fd, const char *name)
{
	struct tls *tls = begin(client->ctx, client->digest, fd);
	char copy[256]; /* the macro below wants to be able to write */

	SSL_set_connect_state(tls->ssl);
	if (name != NULL && strlen(name) < sizeof copy) {
		memcpy(copy, name, strlen(name) + 1);
		(void)SSL_set_tlsext_host_name(tls->ssl, copy);
	}
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

/* What the result ${rc} of an SSL_* function means. */
static enum tls_status
status(struct tls *tls, int rc)
{
	int saved = errno;

	switch (SSL_get_error(tls->ssl, rc)) {
	case SSL_ERROR_NONE:
		return TLS_OK;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_EOF;
	case SSL_ERROR_SYSCALL:
		if (ERR_peek_error() == 0) {
			(void)snprintf(tls->reason, sizeof tls->reason, "%s",
			    saved != 0 ? err_errno(saved) : "lost connection");
			return TLS_ERROR;
		}
		break;
	default:
		break;
	}
	(void)snprintf(tls->reason, sizeof tls->reason,
	    "TLS library problem: %s", tls_context_reason());
	return TLS_ERROR;
}

enum tls_status
tls_handshake(struct tls *tls)
{
	ERR_clear_error();
	errno = 0;
	return status(tls, SSL_do_handshake(tls->ssl));
}

enum tls_status
tls_read(struct tls *tls, void *data, size_t n, size_t *got)
{
	*got = 0;
	ERR_clear_error();
	errno = 0;
	return status(tls, SSL_read_ex(tls->ssl, data, n, got));
}

enum tls_status
tls_write(struct tls *tls, const void *data, size_t n, size_t *put)
{
	*put = 0;
	if (n == 0)
		return TLS_OK;
	ERR_clear_error();
	errno = 0;
	return status(tls, SSL_write_ex(tls->ssl, data, n, put));
}

void
tls_shutdown(struct tls *tls)
{
	/* Nothing is said where the handshake is not over or all is lost. */
	if (SSL_is_init_finished(tls->ssl))
		(void)SSL_shutdown(tls->ssl);
	ERR_clear_error();
}

const char *
tls_reason(const struct tls *tls)
{
	return tls->reason;
}

/* One line of a name, made printable; "" if it is not there. */
static const char *
name_entry(X509_NAME *name, int nid, struct arena *arena)
{
	int i = name != NULL ? X509_NAME_get_index_by_NID(name, nid, -1) : -1;
	unsigned char *utf8;
	char *text;
	int n;

	if (i < 0)
		return "";
	n = ASN1_STRING_to_UTF8(
	    &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	if (n < 0) {
		ERR_clear_error();
		return "";
	}
	text = arena_strndup(arena, (const char *)utf8, (size_t)n);
	/* A NUL inside would make it look like another, shorter name. */
	if (strlen(text) != (size_t)n || n > 255)
		text[0] = '\0';
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			*p = '?';
	OPENSSL_free(utf8);
	return text;
}

static const char *
hex(const unsigned char *octets, size_t n, struct arena *arena)
{
	static const char digits[] = "0123456789ABCDEF";
	char *text = arena_alloc(arena, n * 3 + 1), *p = text;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			*p++ = ':';
		*p++ = digits[octets[i] >> 4];
		*p++ = digits[octets[i] & 15];
	}
	return text;
}

static const char *
fingerprint(const EVP_MD *digest, const void *der, int n, struct arena *arena)
{
	unsigned char octets[EVP_MAX_MD_SIZE];
	unsigned len;

	if (n <= 0 || der == NULL ||
	    EVP_Digest(der, (size_t)n, octets, &len, digest, NULL) != 1)
		return "";
	return hex(octets, len, arena);
}

/* Who has signed what is farthest from the peer's certificate. */
static const char *
last_issuer(const struct tls *tls, struct arena *arena)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(tls->ssl);
	int n = chain != NULL ? sk_X509_num(chain) : 0;
	X509 *last = n > 0 ? sk_X509_value(chain, n - 1)
			   : SSL_get0_peer_certificate(tls->ssl);
	char text[256];

	(void)X509_NAME_oneline(
	    X509_get_issuer_name(last), text, (int)sizeof text);
	return arena_strdup(arena, text);
}

static void
fault_facts(const struct tls *tls, struct arena *arena, struct tls_facts *facts)
{
	const char *side = SSL_is_server(tls->ssl) ? "client" : "server";
	int code = tls->fault.code;

	/* Of a session that is resumed nothing is looked at again. */
	if (code == X509_V_OK)
		code = (int)SSL_get_verify_result(tls->ssl);
	facts->fault_of = "certificate";
	switch (code) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		facts->fault = arena_printf(
		    arena, "untrusted issuer %s", last_issuer(tls, arena));
		return;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		facts->fault = "self-signed certificate";
		return;
	case X509_V_ERR_INVALID_PURPOSE:
		facts->fault = arena_printf(
		    arena, "not designated for use as a %s certificate", side);
		return;
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
		facts->fault = arena_printf(arena,
		    "certificate chain longer than limit(%d)",
		    tls->fault.depth - 1);
		return;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		facts->fault = "certificate has expired";
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
		facts->fault = "certificate not yet valid";
		break;
	default:
		facts->fault = arena_printf(arena, "num=%d:%s", code,
		    X509_verify_cert_error_string(code));
		break;
	}
	facts->fault_of = arena_printf(arena, "%s certificate", side);
}

static void
certificate_facts(
    const struct tls *tls, struct arena *arena, struct tls_facts *facts)
{
	X509 *cert = SSL_get0_peer_certificate(tls->ssl);
	unsigned char *der = NULL, *key = NULL;
	int n;

	if (cert == NULL)
		return;
	facts->ccert_given = true;
	facts->ccert_trusted = SSL_get_verify_result(tls->ssl) == X509_V_OK;
	facts->claimed_cn =
	    name_entry(X509_get_subject_name(cert), NID_commonName, arena);
	facts->claimed_issuer_cn =
	    name_entry(X509_get_issuer_name(cert), NID_commonName, arena);
	if (facts->claimed_issuer_cn[0] == '\0')
		facts->claimed_issuer_cn = name_entry(
		    X509_get_issuer_name(cert), NID_organizationName, arena);
	if (facts->ccert_trusted) {
		facts->ccert_cn = facts->claimed_cn;
		facts->ccert_issuer_cn = facts->claimed_issuer_cn;
	} else {
		fault_facts(tls, arena, facts);
	}
	n = i2d_X509(cert, &der);
	facts->ccert_fingerprint = fingerprint(tls->digest, der, n, arena);
	n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);
	facts->ccert_pubkey_fingerprint =
	    fingerprint(tls->digest, key, n, arena);
	OPENSSL_free(der);
	OPENSSL_free(key);
}

/* "name (curve)" or "name (n bits)", as Postfix says it. */
static const char *
describe_key(EVP_PKEY *key, bool exchange, struct arena *arena)
{
	char curve[64] = "";
	const char *name;

	switch (EVP_PKEY_get_id(key)) {
	case EVP_PKEY_EC:
		(void)EVP_PKEY_get_utf8_string_param(
		    key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve, NULL);
		return arena_printf(
		    arena, "%s (%s)", exchange ? "ECDHE" : "ECDSA", curve);
	case EVP_PKEY_DH:
		return arena_printf(
		    arena, "DHE (%d bits)", EVP_PKEY_get_bits(key));
	case EVP_PKEY_RSA: /* which TLS 1.3 uses with PSS only */
		return arena_printf(
		    arena, "RSA-PSS (%d bits)", EVP_PKEY_get_bits(key));
	default:
		name = EVP_PKEY_get0_type_name(key);
		return arena_strdup(arena, name != NULL ? name : "");
	}
}

static const char *
describe_signature(
    EVP_PKEY *key, int digest, const char *side, struct arena *arena)
{
	const char *text = describe_key(key, false, arena);

	if (digest == NID_undef)
		return text;
	return arena_printf(
	    arena, "%s %s-digest %s", text, side, OBJ_nid2sn(digest));
}

/* In TLS 1.3 the name of the cipher does not say how keys and signatures were
 * made. */
static void
exchange_facts(
    const struct tls *tls, struct arena *arena, struct tls_facts *facts)
{
	bool server = SSL_is_server(tls->ssl);
	X509 *local = SSL_get_certificate(tls->ssl);
	X509 *peer = SSL_get0_peer_certificate(tls->ssl);
	EVP_PKEY *key;
	const char *text;
	int digest;

	if (SSL_version(tls->ssl) < TLS1_3_VERSION)
		return;
	if (SSL_get_peer_tmp_key(tls->ssl, &key) == 1) {
		facts->key_exchange = describe_key(key, true, arena);
		EVP_PKEY_free(key);
	}
	/* A certificate may be there without having been used. */
	if (local != NULL && SSL_get_signature_nid(tls->ssl, &digest) == 1 &&
	    digest != NID_undef) {
		text = describe_signature(X509_get0_pubkey(local), digest,
		    server ? "server" : "client", arena);
		*(server ? &facts->server_signature
			 : &facts->client_signature) = text;
	}
	if (peer != NULL &&
	    SSL_get_peer_signature_nid(tls->ssl, &digest) == 1) {
		text = describe_signature(X509_get0_pubkey(peer), digest,
		    server ? "client" : "server", arena);
		*(server ? &facts->client_signature
			 : &facts->server_signature) = text;
	}
}

void
tls_facts(const struct tls *tls, struct arena *arena, struct tls_facts *facts)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
	const char *sni =
	    SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);

	*facts = (struct tls_facts){
		.protocol = SSL_get_version(tls->ssl),
		.cipher = cipher != NULL ? SSL_CIPHER_get_name(cipher) : "",
		.key_exchange = "",
		.server_signature = "",
		.client_signature = "",
		.ccert_cn = "",
		.ccert_issuer_cn = "",
		.claimed_cn = "",
		.claimed_issuer_cn = "",
		.ccert_fingerprint = "",
		.ccert_pubkey_fingerprint = "",
		.sni = "",
		.resumed = SSL_session_reused(tls->ssl) == 1,
	};
	if (cipher != NULL)
		facts->bits = SSL_CIPHER_get_bits(cipher, &facts->alg_bits);
	if (sni != NULL && dns_valid_hostname(sni, false))
		facts->sni = arena_strdup(arena, sni);
	certificate_facts(tls, arena, facts);
	exchange_facts(tls, arena, facts);
	ERR_clear_error();
}

bool
tls_matches(const struct tls *tls, const char *name)
{
	X509 *cert = SSL_get0_peer_certificate(tls->ssl);

	return cert != NULL &&
	    X509_check_host(cert, name, strlen(name),
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

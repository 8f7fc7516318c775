/* tls.h - OpenSSL, as little of it as we need. */
#ifndef BASE_TLS_H
#define BASE_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct tls_server; /* certificates and settings of a service */
struct tls_client; /* settings of our side as client */
struct tls;        /* one connection, server side, non-blocking */

struct tls_settings {
	const char *cert_file,
	    *key_file;           /* PEM; key_file may equal cert_file */
	const char *chain_files; /* comma separated key+certs; "" if none */
	const char *ca_file, *ca_path;
	const char *protocols; /* Postfix syntax: ">=TLSv1.2", "!SSLv2" ... */
	const char *ciphers;   /* grade: export low medium high null */
	bool ask_ccert, req_ccert;
};

struct tls_server *
tls_server_new(const struct tls_settings *settings, struct err *err);
void tls_server_free(struct tls_server *server);
struct tls_client *
tls_client_new(const struct tls_settings *settings, struct err *err);
void tls_client_free(struct tls_client *client);

enum tls_status { TLS_OK, TLS_WANT_READ, TLS_WANT_WRITE, TLS_EOF, TLS_ERROR };

/* tls_new(server, fd): begin; nothing is sent yet.  Idle connections give
 * their buffers back (SSL_MODE_RELEASE_BUFFERS). */
struct tls *tls_new(struct tls_server *server, int fd);
void tls_free(struct tls *tls);
enum tls_status tls_handshake(struct tls *tls);
enum tls_status tls_read(struct tls *tls, void *data, size_t n, size_t *got);
enum tls_status
tls_write(struct tls *tls, const void *data, size_t n, size_t *put);
/* tls_shutdown(tls): send close_notify, do not wait. */
void tls_shutdown(struct tls *tls);

/* What was agreed, in ${arena} where it is text. */
struct tls_facts {
	const char *protocol; /* "TLSv1.3" */
	const char *cipher;
	int bits, alg_bits;
	const char *ccert_cn, *ccert_issuer_cn; /* "" unless verified */
	const char *ccert_fingerprint, *ccert_pubkey_fingerprint;
	bool ccert_given, ccert_trusted;
	const char *sni;
};
void
tls_facts(const struct tls *tls, struct arena *arena, struct tls_facts *facts);
const char *tls_reason(const struct tls *tls);

#endif

/* tls.h - OpenSSL, as little of it as we need. */
#ifndef BASE_TLS_H
#define BASE_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct tls_server; /* certificates and settings of a service */
struct tls_client; /* settings of our side as client */
struct tls;        /* one connection, either side, non-blocking */

/* A NULL text is an empty one. */
struct tls_settings {
	/* PEM; a key_file that is empty: the cert_file.  For a server, "none"
	 * as cert_file: no certificate, anonymous ciphers only. */
	const char *cert_file, *key_file;
	const char *eccert_file, *eckey_file;
	const char *chain_files; /* comma separated key+certs; "" if none */
	const char *ca_file, *ca_path;
	const char *protocols; /* Postfix syntax: ">=TLSv1.2", "!SSLv2" ... */
	const char *ciphers;   /* grade: export low medium high null */
	const char *exclude_ciphers;
	const char *fingerprint_digest; /* "": sha256 */
	bool ask_ccert, req_ccert; /* either asks for a client certificate; it
				    * is the caller who looks at what came */
	unsigned most_between; /* authorities that may stand between a client's
				* certificate and the one in ca_file; 0: any */
};

/* tls_server_new(settings, err), tls_client_new(settings, err): read the files
 * and settings; NULL and the reason.  They may be freed before the connections
 * that were made with them. */
struct tls_server *
tls_server_new(const struct tls_settings *settings, struct err *err);
void tls_server_free(struct tls_server *server);
struct tls_client *
tls_client_new(const struct tls_settings *settings, struct err *err);
void tls_client_free(struct tls_client *client);

/* TLS_WANT_*: park until the descriptor is readable or writable, then call the
 * same again.  TLS_ERROR: see tls_reason(); nothing more can be done. */
enum tls_status { TLS_OK, TLS_WANT_READ, TLS_WANT_WRITE, TLS_EOF, TLS_ERROR };

/*
 * tls_new(server, fd), tls_connect(client, fd, name):
 * Begin, as server or as client, over ${fd}, which must be non-blocking and
 * stays the caller's; nothing is sent yet.  ${name}, if not NULL, is sent as
 * server name (SNI).  Idle connections give their buffers back, and no SIGPIPE
 * is ever raised.  One thread at a time.
 */
struct tls *tls_new(struct tls_server *server, int fd);
struct tls *tls_connect(struct tls_client *client, int fd, const char *name);
void tls_free(struct tls *tls);
enum tls_status tls_handshake(struct tls *tls);
enum tls_status tls_read(struct tls *tls, void *data, size_t n, size_t *got);
enum tls_status
tls_write(struct tls *tls, const void *data, size_t n, size_t *put);
/* tls_shutdown(tls): send close_notify, do not wait. */
void tls_shutdown(struct tls *tls);

/* What was agreed, in ${arena} where it is text.  "ccert" is what the peer
 * showed, on our side as client the server's certificate. */
struct tls_facts {
	const char *protocol; /* "TLSv1.3" */
	const char *cipher;
	int bits, alg_bits;
	/* As Postfix logs them, "" if unknown: "X25519", "RSA-PSS (2048 bits)
	 * server-digest SHA256", and the same for the client. */
	const char *key_exchange, *server_signature, *client_signature;
	const char *ccert_cn, *ccert_issuer_cn; /* "" unless verified */
	const char *claimed_cn,
	    *claimed_issuer_cn; /* whether verified or not */
	const char *ccert_fingerprint, *ccert_pubkey_fingerprint;
	bool ccert_given, ccert_trusted;
	/* As Postfix logs why it is not trusted, "FAULT_OF verification failed
	 * for NAME: FAULT"; NULL if none was given, or a trusted one. */
	const char *fault, *fault_of;
	const char *sni; /* "" if none or not a host name */
	bool resumed;
};
void
tls_facts(const struct tls *tls, struct arena *arena, struct tls_facts *facts);

/* tls_matches(tls, name): the peer's certificate is for ${name}; ".name"
 * stands for all names below it.  Says nothing about trust. */
bool tls_matches(const struct tls *tls, const char *name);

/* tls_reason(tls): why the last call gave TLS_ERROR. */
const char *tls_reason(const struct tls *tls);

#endif

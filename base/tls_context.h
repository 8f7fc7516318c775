/* tls_context.h - settings in Postfix's words made into OpenSSL's. */
#ifndef BASE_TLS_CONTEXT_H
#define BASE_TLS_CONTEXT_H

#include <openssl/types.h>
#include <stdbool.h>

struct err;
struct tls_settings;

/* What is first wrong with the peer's certificate, or nearest to it in its
 * chain; that of a connection is its SSL's app data, if set. */
struct tls_context_fault {
	int code; /* X509_V_OK: nothing */
	int depth;
};

/* tls_context_new(settings, server, err): a context of a server or a client;
 * NULL and the reason in ${err}. */
SSL_CTX *tls_context_new(
    const struct tls_settings *settings, bool server, struct err *err);

/* tls_context_reason(): the oldest error that OpenSSL keeps for this thread,
 * in words; all are forgotten. */
const char *tls_context_reason(void);

#endif

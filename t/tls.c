/* TLS between our server side and our client side, over socket pairs. */
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/stream.h"
#include "base/tls.h"
#include "t/tap.h"

static char dir[] = "/tmp/weir-tls-XXXXXX";
static struct arena *arena;

static const char *
in_dir(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static FILE *
create(const char *name)
{
	FILE *f = fopen(in_dir(name), "w");

	if (f == NULL)
		abort();
	return f;
}

static void
extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	(void)X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

/* A certificate for ${cn}, signed by ${ca} (NULL: by itself). */
static X509 *
certify(const char *cn, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	(void)X509_set_version(cert, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), ca == NULL ? 1 : 2);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	(void)X509_set_pubkey(cert, key);
	(void)X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
	(void)X509_set_issuer_name(
	    cert, ca != NULL ? X509_get_subject_name(ca) : name);
	if (ca == NULL)
		extend(cert, NID_basic_constraints, "critical,CA:TRUE");
	else
		extend(cert, NID_subject_alt_name,
		    arena_printf(arena, "DNS:%s,DNS:*.wild.example", cn));
	(void)X509_sign(cert, ca_key != NULL ? ca_key : key, EVP_sha256());
	return cert;
}

static void
make_files(void)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_RSA_gen(2048);
	EVP_PKEY *client_key = EVP_EC_gen("P-256");
	X509 *ca = certify("Test CA", ca_key, NULL, NULL);
	X509 *cert = certify("mx.example", key, ca, ca_key);
	X509 *client = certify("client.example", client_key, ca, ca_key);
	FILE *f = create("ca.pem");

	(void)PEM_write_X509(f, ca);
	(void)fclose(f);
	f = create("cert.pem");
	(void)PEM_write_X509(f, cert);
	(void)fclose(f);
	f = create("key.pem");
	(void)PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	(void)fclose(f);
	f = create("chain.pem");
	(void)PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	(void)PEM_write_X509(f, cert);
	(void)PEM_write_X509(f, ca);
	(void)fclose(f);
	f = create("client.pem");
	(void)PEM_write_PrivateKey(f, client_key, NULL, NULL, 0, NULL, NULL);
	(void)PEM_write_X509(f, client);
	(void)fclose(f);
	f = create("secret.pem");
	(void)PEM_write_PrivateKey(f, key, EVP_aes_128_cbc(),
	    (const unsigned char *)"x", 1, NULL, NULL);
	(void)PEM_write_X509(f, cert);
	(void)fclose(f);
	f = create("junk.pem");
	(void)fputs("-----BEGIN CERTIFICATE-----\n!!!\n", f);
	(void)fclose(f);
	X509_free(ca);
	X509_free(cert);
	X509_free(client);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	EVP_PKEY_free(client_key);
}

static void
remove_files(void)
{
	static const char *const names[] = { "ca.pem", "cert.pem", "key.pem",
		"chain.pem", "client.pem", "secret.pem", "junk.pem" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlink(in_dir(names[i]));
	(void)rmdir(dir);
}

/* The other side: it greets, echoes, and says what it saw. */
struct other {
	struct tls_server *server;
	int fd;
	struct arena *arena;
	struct tls_facts facts;
	enum tls_status end;
	char reason[128];
	size_t echoed;
	pthread_t thread;
};

static enum tls_status
park(struct other *o, enum tls_status status)
{
	struct pollfd p = { .fd = o->fd,
		.events = status == TLS_WANT_READ ? POLLIN : POLLOUT };

	if (status == TLS_WANT_READ || status == TLS_WANT_WRITE)
		return poll(&p, 1, 5000) == 1 ? TLS_OK : TLS_ERROR;
	return status;
}

static void *
serve(void *arg)
{
	struct other *o = arg;
	struct tls *tls = tls_new(o->server, o->fd);
	enum tls_status status = TLS_OK;
	size_t n = 0, put;
	char data[3000];

	o->end = TLS_WANT_READ;
	while (o->end != TLS_OK && status == TLS_OK) {
		o->end = tls_handshake(tls);
		status = park(o, o->end);
	}
	if (o->end == TLS_OK)
		tls_facts(tls, o->arena, &o->facts);
	while (status == TLS_OK) {
		o->end = tls_read(tls, data, sizeof data, &n);
		status = park(o, o->end);
		for (size_t done = 0; status == TLS_OK && done < n; done += put)
			status = park(
			    o, tls_write(tls, data + done, n - done, &put));
		o->echoed += n;
	}
	(void)snprintf(o->reason, sizeof o->reason, "%s", tls_reason(tls));
	tls_shutdown(tls);
	tls_free(tls);
	(void)close(o->fd);
	return NULL;
}

/* Begin a conversation with ${o}; our end of it. */
static struct stream *
begin(struct other *o, struct tls_server *server)
{
	int s[2];
	struct stream *stream;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		abort();
	*o = (struct other){ .server = server, .fd = s[1] };
	o->arena = arena_new();
	(void)fcntl(s[1], F_SETFL, O_NONBLOCK);
	stream = stream_new(s[0]);
	stream_deadline(stream, clock_mono() + 60 * CLOCK_SECOND);
	(void)pthread_create(&o->thread, NULL, serve, o);
	return stream;
}

static void
end(struct other *o, struct stream *s)
{
	stream_close(s);
	(void)pthread_join(o->thread, NULL);
	arena_free(o->arena);
}

static struct tls_server *
server(const struct tls_settings *settings)
{
	struct err err = { "" };
	struct tls_server *s = tls_server_new(settings, &err);

	ok(s != NULL, "a server: %s", err.text);
	return s;
}

static struct tls_client *
client(const struct tls_settings *settings)
{
	struct err err = { "" };
	struct tls_client *c = tls_client_new(settings, &err);

	ok(c != NULL, "a client: %s", err.text);
	return c;
}

static void
test_conversation(void)
{
	struct tls_server *ours =
	    server(&(struct tls_settings){ .cert_file = in_dir("cert.pem"),
		.key_file = in_dir("key.pem"),
		.protocols = ">=TLSv1" });
	struct tls_client *theirs =
	    client(&(struct tls_settings){ .ca_file = in_dir("ca.pem") });
	struct other o;
	struct stream *s = begin(&o, ours);
	struct tls_facts facts;
	char *line;
	size_t len;
	int wrong = 0;

	ok(stream_tls(s, theirs, "mx.example") == STREAM_OK, "handshake: %s",
	    stream_reason(s));
	tls_facts(stream_secured(s), arena, &facts);
	is(facts.protocol, "TLSv1.3", "protocol");
	is(facts.cipher, "TLS_AES_256_GCM_SHA384", "cipher");
	ok(facts.bits == 256 && facts.alg_bits == 256, "bits");
	is(facts.key_exchange, "X25519", "key exchange");
	is(facts.server_signature, "RSA-PSS (2048 bits) server-digest SHA256",
	    "signature");
	ok(facts.ccert_given && facts.ccert_trusted, "trusted");
	is(facts.ccert_cn, "mx.example", "name");
	is(facts.ccert_issuer_cn, "Test CA", "issuer");
	ok(strlen(facts.ccert_fingerprint) == 95 &&
		strlen(facts.ccert_pubkey_fingerprint) == 95,
	    "fingerprints: %s", facts.ccert_fingerprint);
	ok(tls_matches(stream_secured(s), "MX.example") &&
		tls_matches(stream_secured(s), "a.wild.example") &&
		tls_matches(stream_secured(s), ".example") &&
		!tls_matches(stream_secured(s), "my.example"),
	    "names of the certificate");
	ok(stream_alive(s), "alive, whatever tickets came");
	for (int i = 0; i < 3000; i++) {
		stream_printf(s, "%0200d\r\n", i);
		if (i % 100 == 99)
			for (int k = i - 99; k <= i; k++)
				wrong += stream_line(s, 300, &line, &len) !=
					STREAM_OK ||
				    atoi(line) != k;
	}
	ok(wrong == 0, "what is said comes back");
	stream_close(s);
	(void)pthread_join(o.thread, NULL);
	ok(o.end == TLS_EOF && o.echoed == 3000 * 202, "the end is seen");
	is(o.facts.sni, "mx.example", "server name");
	is(o.facts.server_signature, facts.server_signature,
	    "both see the same signature");
	ok(!o.facts.ccert_given && o.facts.ccert_cn[0] == '\0',
	    "no client certificate");
	arena_free(o.arena);
	tls_server_free(ours);
	tls_client_free(theirs);
}

static void
test_client_certificate(void)
{
	struct tls_server *asking =
	    server(&(struct tls_settings){ .chain_files = in_dir("chain.pem"),
		.ca_file = in_dir("ca.pem"),
		.ask_ccert = true });
	struct tls_server *strange = server(&(struct tls_settings){
	    .chain_files = in_dir("chain.pem"), .req_ccert = true });
	struct tls_client *showing = client(&(struct tls_settings){
	    .chain_files = in_dir("client.pem"), .protocols = "!TLSv1.3" });
	struct other o;
	struct stream *s = begin(&o, asking);

	ok(stream_tls(s, showing, NULL) == STREAM_OK, "%s", stream_reason(s));
	stream_close(s);
	(void)pthread_join(o.thread, NULL);
	ok(o.facts.ccert_given && o.facts.ccert_trusted, "a trusted client");
	is(o.facts.ccert_cn, "client.example", "its name");
	is(o.facts.protocol, "TLSv1.2", "a protocol is excluded");
	is(o.facts.key_exchange, "", "in which the cipher says it all");
	arena_free(o.arena);

	s = begin(&o, strange);
	ok(stream_tls(s, showing, NULL) == STREAM_OK, "%s", stream_reason(s));
	stream_close(s);
	(void)pthread_join(o.thread, NULL);
	ok(o.facts.ccert_given && !o.facts.ccert_trusted,
	    "an unknown authority is no reason to hang up");
	is(o.facts.ccert_cn, "", "but the name is not to be relied on");
	is(o.facts.claimed_cn, "client.example", "only claimed");
	arena_free(o.arena);
	tls_server_free(asking);
	tls_server_free(strange);
	tls_client_free(showing);
}

static void
test_no_common_protocol(void)
{
	struct tls_server *new = server(&(struct tls_settings){
	    .chain_files = in_dir("chain.pem"), .protocols = ">=TLSv1.3" });
	struct tls_client *old =
	    client(&(struct tls_settings){ .protocols = "<=TLSv1.2" });
	struct other o;
	struct stream *s = begin(&o, new);

	ok(stream_tls(s, old, NULL) == STREAM_ERROR, "refused: %s",
	    stream_reason(s));
	stream_close(s);
	(void)pthread_join(o.thread, NULL);
	is(o.reason, "TLS library problem: unsupported protocol",
	    "the server says why");
	arena_free(o.arena);
	tls_server_free(new);
	tls_client_free(old);
}

/* An anonymous server: no certificate at all. */
static void
test_anonymous(void)
{
	struct tls_server *none =
	    server(&(struct tls_settings){ .cert_file = "none" });
	struct tls_client *any = client(&(struct tls_settings){ 0 });
	struct other o;
	struct stream *s = begin(&o, none);
	struct tls_facts facts;

	ok(stream_tls(s, any, NULL) == STREAM_OK, "%s", stream_reason(s));
	tls_facts(stream_secured(s), arena, &facts);
	ok(!facts.ccert_given && !facts.ccert_trusted, "anonymous: %s",
	    facts.cipher);
	ok(!tls_matches(stream_secured(s), "mx.example"), "matches nobody");
	end(&o, s);
	tls_server_free(none);
	tls_client_free(any);
}

/* hostile 45: what somebody adds behind the reply to STARTTLS. */
static void
test_injection(void)
{
	struct tls_client *any = client(&(struct tls_settings){ 0 });
	int s[2];
	struct stream *stream;
	char *line;
	size_t len;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		abort();
	stream = stream_new(s[0]);
	stream_deadline(stream, clock_mono() + 60 * CLOCK_SECOND);
	ok(write(s[1], "220 go\r\n250 OK\r\n", 16) == 16, "a peer speaks");
	ok(stream_line(stream, 100, &line, &len) == STREAM_OK, "a reply");
	ok(stream_tls(stream, any, NULL) == STREAM_ERROR, "%s",
	    stream_reason(stream));
	ok(stream_line(stream, 100, &line, &len) == STREAM_ERROR,
	    "the added reply is never heard");
	stream_close(stream);
	(void)close(s[1]);

	/* The same in a segment of its own breaks the handshake. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		abort();
	stream = stream_new(s[0]);
	stream_deadline(stream, clock_mono() + 60 * CLOCK_SECOND);
	ok(write(s[1], "250 OK\r\n", 8) == 8, "a peer speaks");
	ok(stream_tls(stream, any, NULL) == STREAM_ERROR, "%s",
	    stream_reason(stream));
	stream_close(stream);
	(void)close(s[1]);
	tls_client_free(any);
}

/* Row 126: a handshake that never ends. */
static void
test_hang(void)
{
	struct tls_client *any = client(&(struct tls_settings){ 0 });
	int s[2];
	struct stream *stream;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
		abort();
	stream = stream_new(s[0]);
	stream_deadline(stream, clock_mono() + 20 * CLOCK_MS);
	ok(stream_tls(stream, any, NULL) == STREAM_TIMEOUT, "%s",
	    stream_reason(stream));
	stream_close(stream);
	(void)close(s[1]);
	tls_client_free(any);
}

static void
test_bad_settings(void)
{
	/* clang-format off */
	static const struct { const char *cert, *key, *chain, *protocols,
	    *ciphers, *digest, *why; } cases[] = {
		{ .why = "No server certs available" },
		{ .cert = "none.pem", .why = "cannot load certificate" },
		{ .cert = "junk.pem", .why = "cannot load certificate" },
		{ .cert = "cert.pem", .key = "client.pem",
		    .why = "cannot load private key" },
		{ .cert = "cert.pem", .why = "cannot load private key" },
		{ .chain = "cert.pem", .why = "a key must come before" },
		{ .chain = "secret.pem", .why = "error loading chain" },
		{ .chain = "junk.pem", .why = "error loading chain" },
		{ .chain = "key.pem", .why = "error loading chain" },
		{ .chain = "chain.pem", .protocols = "TLSv1.9",
		    .why = "Invalid TLS protocol list \"TLSv1.9\"" },
		{ .chain = "chain.pem", .protocols = ">=",
		    .why = "Invalid TLS protocol list" },
		{ .chain = "chain.pem", .ciphers = "good",
		    .why = "invalid TLS cipher grade: \"good\"" },
		{ .chain = "chain.pem", .digest = "crc32",
		    .why = "unknown digest algorithm \"crc32\"" },
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = { "" };
		struct tls_settings s = { .protocols = cases[i].protocols,
			.ciphers = cases[i].ciphers,
			.fingerprint_digest = cases[i].digest };

		if (cases[i].cert != NULL)
			s.cert_file = in_dir(cases[i].cert);
		if (cases[i].key != NULL)
			s.key_file = in_dir(cases[i].key);
		if (cases[i].chain != NULL)
			s.chain_files = in_dir(cases[i].chain);
		ok(tls_server_new(&s, &err) == NULL &&
			strstr(err.text, cases[i].why) != NULL,
		    "%s", err.text);
	}
}

static void
test_settings(void)
{
	static const char *const protocols[] = { "", ">=TLSv1", ">=TLSv1.2",
		"!SSLv2, !SSLv3", "TLSv1.2:TLSv1.3", ">=0x0303",
		"!SSLv2 !SSLv3"
		" !TLSv1 !TLSv1.1" };
	static const char *const grades[] = { "high", "medium", "low", "export",
		"MEDIUM" };

	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
		tls_server_free(server(
		    &(struct tls_settings){ .chain_files = in_dir("chain.pem"),
			.protocols = protocols[i] }));
	for (size_t i = 0; i < sizeof grades / sizeof *grades; i++)
		tls_server_free(server(
		    &(struct tls_settings){ .chain_files = in_dir("chain.pem"),
			.ciphers = grades[i],
			.exclude_ciphers = "RC4, aNULL" }));
}

int
main(void)
{
	arena = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	make_files();
	test_conversation();
	test_client_certificate();
	test_no_common_protocol();
	test_anonymous();
	test_injection();
	test_hang();
	test_bad_settings();
	test_settings();
	remove_files();
	arena_free(arena);
	return done_testing();
}

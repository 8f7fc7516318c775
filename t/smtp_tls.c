/* The smtp agent with TLS to a server that has a certificate: what each level
 * demands of it, and what the log says (hostile 126). */
#include "delivery/smtp_tls.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/net.h"
#include "delivery/delivery.h"
#include "delivery/smtp_agent.h"
#include "delivery/transport.h"
#include "t/tap.h"
#include "t/testworld.h"

static char dir[] = "/tmp/smtp_tls.XXXXXX";
static struct arena *arena;
static int listener;
static unsigned port;
static SSL_CTX *context;

static const char *
place(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

/* A key and a certificate for mx.example that vouches for itself. */
static void
make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_subject_alt_name, "DNS:mx.example");
	FILE *f = fopen(place("ca"), "w");

	(void)X509_set_version(cert, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	(void)X509_set_pubkey(cert, key);
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)"mx.example", -1, -1, 0);
	(void)X509_set_issuer_name(cert, name);
	(void)X509_add_ext(cert, alt, -1);
	(void)X509_sign(cert, key, EVP_sha256());
	(void)PEM_write_X509(f, cert);
	(void)fclose(f);
	context = SSL_CTX_new(TLS_server_method());
	(void)SSL_CTX_use_certificate(context, cert);
	(void)SSL_CTX_use_PrivateKey(context, key);
	X509_EXTENSION_free(alt);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* One line of the client's, in plain text or not. */
static bool
hear(int fd, SSL *ssl, char line[1000])
{
	size_t n = 0;

	while (n < 999) {
		ssize_t got = ssl != NULL ? SSL_read(ssl, line + n, 1)
					  : read(fd, line + n, 1);

		if (got <= 0)
			return false;
		if (line[n++] == '\n')
			break;
	}
	line[n] = '\0';
	return true;
}

static void
say(int fd, SSL *ssl, const char *text)
{
	if (ssl != NULL)
		(void)SSL_write(ssl, text, (int)strlen(text));
	else
		(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* A small SMTP server; one session. */
static void
converse(int fd)
{
	char line[1000];
	SSL *ssl = NULL;
	bool data = false;

	say(fd, ssl, "220 mx.example\r\n");
	while (hear(fd, ssl, line)) {
		if (data) {
			data = strcmp(line, ".\r\n") != 0;
			if (!data)
				say(fd, ssl,
				    ssl != NULL ? "250 secret\r\n"
						: "250 in the open\r\n");
		} else if (strncmp(line, "EHLO", 4) == 0) {
			say(fd, ssl,
			    ssl != NULL ? "250 mx.example\r\n"
					: "250-mx.example\r\n"
					  "250 STARTTLS\r\n");
		} else if (strncmp(line, "STARTTLS", 8) == 0) {
			say(fd, ssl, "220 go\r\n");
			ssl = SSL_new(context);
			(void)SSL_set_fd(ssl, fd);
			if (SSL_accept(ssl) != 1)
				break;
		} else if (strncmp(line, "DATA", 4) == 0) {
			data = true;
			say(fd, ssl, "354 go\r\n");
		} else {
			say(fd, ssl, "250 ok\r\n");
		}
	}
	SSL_free(ssl);
	(void)close(fd);
}

static void *
serve(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		converse(fd);
	return NULL;
}

/* Deliver to ${host} with ${settings}; "status dsn text". */
static const char *
deliver(const char *settings, const char *host)
{
	static const struct param_table *const tables[] = { &base_params_table,
		&delivery_params_table, NULL };
	static const char *const words[] = { "sent", "deferred", "bounced" };
	struct testworld world =
	    testworld_new("mx.example A 127.0.0.1\n"
			  "other.example A 127.0.0.1\n"
			  "dom.example MX 10 mx.example\n");
	struct delivery_env env = { .world = &world.world };
	struct job_rcpt rcpt = {
		.address = "a@b.example", .original = "", .orcpt = ""
	};
	struct job job = { .qid = "4XyZ",
		.nexthop = arena_printf(arena, "%s:%u", host, port),
		.sender = "",
		.arrival = clock_now(),
		.active = clock_now(),
		.envid = "",
		.rcpts = &rcpt,
		.nrcpts = 1 };
	struct transport t = { .name = "smtp", .agent = &smtp_agent };
	struct delivery d = {
		.env = &env, .transport = &t, .arena = arena, .job = &job
	};
	struct err err = { { 0 } };

	t.conf = conf_parse("test",
	    arena_printf(arena,
		"myhostname = me.example\ninet_protocols = ipv4\n"
		"smtp_tls_loglevel = 1\n%s",
		settings),
	    tables, &err);
	if (t.conf == NULL ||
	    param_load(&base_params_table, t.conf, arena, &t.base, &err) ||
	    param_load(
		&delivery_params_table, t.conf, arena, &t.params, &err) ||
	    (t.state = t.agent->open(&t, arena, &err)) == NULL)
		return arena_strdup(arena, err.text);
	d.content.envelope = (struct envelope){
		.headers = "A: b\r\n\r\n", .nheaders = 8, .body = ""
	};
	delivery_begin(&d);
	t.agent->run(&d);
	t.agent->close(&t);
	conf_free(t.conf);
	return arena_printf(arena, "%s %s %s",
	    words[d.result.outcomes[0].status], d.result.outcomes[0].dsn,
	    d.result.outcomes[0].reason);
}

/* What has been logged so far, from now on forgotten. */
static const char *
log_lines(void)
{
	char *text = arena_alloc(arena, 8192);
	int fd = open(place("log"), O_RDWR);

	if (fd < 0 || read(fd, text, 8191) < 0 || ftruncate(fd, 0) != 0)
		text[0] = '\0';
	(void)close(fd);
	return text;
}

static void
levels(void)
{
	const char *may = "smtp_tls_security_level = may\n";
	const char *verify = "smtp_tls_security_level = verify\n";
	const char *ca =
	    arena_printf(arena, "smtp_tls_CAfile = %s\n", place("ca"));
	const char *log;

	is(deliver("smtp_tls_security_level = none\n", "[mx.example]"),
	    "sent 2.0.0 250 in the open", "none");
	(void)log_lines();
	is(deliver(may, "[mx.example]"), "sent 2.0.0 250 secret",
	    "may, and nobody vouches for the server");
	log = log_lines();
	ok(strstr(log,
	       arena_printf(arena,
		   ": Untrusted TLS connection established to "
		   "mx.example[127.0.0.1]:%u: TLSv1.3 with cipher "
		   "TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange ",
		   port)) != NULL,
	    "is logged");
	is(deliver("smtp_tls_security_level = encrypt\n", "[mx.example]"),
	    "sent 2.0.0 250 secret", "encrypt");
	is(deliver(verify, "[mx.example]"),
	    "deferred 4.7.5 Server certificate not trusted",
	    "verify: nobody vouches for the server");
	(void)log_lines();
	is(deliver(arena_printf(arena, "%s%s", verify, ca), "[mx.example]"),
	    "sent 2.0.0 250 secret", "verify: it is trusted and the right one");
	ok(strstr(log_lines(), ": Verified TLS connection established to ") !=
		NULL,
	    "and logged");
	is(deliver(arena_printf(arena, "%s%s", verify, ca), "[other.example]"),
	    "deferred 4.7.5 Server certificate not verified",
	    "verify: it is another one");
	is(deliver(arena_printf(arena, "%s%s", verify, ca), "dom.example"),
	    "sent 2.0.0 250 secret", "verify believes the DNS");
	is(deliver(
	       arena_printf(arena, "smtp_tls_security_level = secure\n%s", ca),
	       "dom.example"),
	    "deferred 4.7.5 Server certificate not verified",
	    "secure does not");
	is(deliver(arena_printf(arena,
		       "smtp_tls_security_level = secure\n"
		       "smtp_tls_secure_cert_match = nexthop:mx.example\n%s",
		       ca),
	       "dom.example"),
	    "sent 2.0.0 250 secret", "smtp_tls_secure_cert_match");
	is(deliver("smtp_tls_security_level = may\n"
		   "smtp_discard_ehlo_keywords = starttls\n",
	       "[mx.example]"),
	    "sent 2.0.0 250 in the open", "smtp_discard_ehlo_keywords");
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int
main(void)
{
	struct event_target log = { .name = "weir", .json_fd = -1 };
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct net_addr addr;
	struct err err;
	pthread_t thread;

	/* The server here writes to clients that are gone. */
	(void)signal(SIGPIPE, SIG_IGN);
	arena = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	log.fd = open(place("log"), O_WRONLY | O_APPEND | O_CREAT, 0600);
	event_open(&log);
	make_certificate();
	listener = net_listen("127.0.0.1", "0", 5, false, &err);
	(void)fcntl(listener, F_SETFL, 0);
	(void)getsockname(listener, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &port);
	(void)pthread_create(&thread, NULL, serve, NULL);
	levels();
	(void)shutdown(listener, SHUT_RDWR);
	(void)pthread_join(thread, NULL);
	(void)close(listener);
	(void)close(log.fd);
	SSL_CTX_free(context);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(arena);
	return done_testing();
}

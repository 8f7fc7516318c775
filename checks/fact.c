/* fact.c - the registry of facts.  See fact.h. */
#include "checks/fact.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/local_time.h"
#include "checks/check.h"
#include "checks/reputation.h"
#include "checks/spf.h"
#include "checks/spf_evaluate.h"
#include "checks/subject.h"
#include "rules/world.h"

#define TEXT(function, expression)                                             \
	static const char *function(const struct ask *ask)                     \
	{                                                                      \
		const struct subject *s = ask->subject;                        \
		return expression;                                             \
	}
#define NUMBER(function, expression)                                           \
	static int64_t function(const struct ask *ask)                         \
	{                                                                      \
		const struct subject *s = ask->subject;                        \
		return expression;                                             \
	}

/* What stands behind the last '@'; "" of an address without one. */
static const char *
domain_of(const char *address)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;

	if (address == NULL)
		return NULL;
	return at != NULL ? at + 1 : "";
}

static int64_t
time_of_day(const struct ask *ask)
{
	struct tm tm = local_time(world_now(ask->subject->world));

	return (int64_t)tm.tm_hour * 60 + tm.tm_min;
}

static int64_t
day_of_week(const struct ask *ask)
{
	return local_time(world_now(ask->subject->world)).tm_wday;
}

static const char *
spf_result(const struct ask *ask)
{
	struct spf_standing spf = spf_find(ask->subject, &ask->spf);

	return spf.known ? spf_evaluate_word(spf.result) : NULL;
}

static const char *
domain_of_spf(const struct ask *ask)
{
	return spf_domain(ask->subject, &ask->spf);
}

#define REPUTATION(function, of, member)                                       \
	static int64_t function(const struct ask *ask)                         \
	{                                                                      \
		return reputation_find(ask, of)->member;                       \
	}
REPUTATION(past, REPUTATION_OF_NETWORK, score)
REPUTATION(past_good, REPUTATION_OF_NETWORK, good)
REPUTATION(past_bad, REPUTATION_OF_NETWORK, bad)
REPUTATION(past_domain, REPUTATION_OF_DOMAIN, score)
REPUTATION(past_domain_good, REPUTATION_OF_DOMAIN, good)
REPUTATION(past_domain_bad, REPUTATION_OF_DOMAIN, bad)

static int64_t
score(const struct ask *ask)
{
	return ask->score;
}

TEXT(ccert_fingerprint, s->ccert_fingerprint)
TEXT(ccert_issuer, s->ccert_trusted ? s->ccert_issuer : NULL)
TEXT(ccert_subject, s->ccert_trusted ? s->ccert_cn : NULL)
TEXT(client_address, s->client_addr)
TEXT(client_name, s->client_name)
TEXT(encryption_cipher, s->tls_cipher)
TEXT(encryption_protocol, s->tls_protocol)
TEXT(etrn_domain, s->etrn_domain)
TEXT(helo_name, s->helo)
TEXT(policy_context, s->policy_context)
TEXT(protocol_name, s->protocol)
TEXT(recipient, s->recipient)
TEXT(recipient_domain, domain_of(s->recipient))
TEXT(reverse_client_name, s->reverse_name)
TEXT(sasl_method, s->sasl_method)
TEXT(sasl_sender, s->sasl_sender)
TEXT(sasl_username, s->sasl_username)
TEXT(sender, s->sender)
TEXT(sender_domain, domain_of(s->sender))
TEXT(server_address, s->server_addr)
TEXT(server_port, s->server_port)
NUMBER(authenticated, s->sasl_username != NULL)
NUMBER(encrypted, s->tls_protocol != NULL)
NUMBER(encryption_keysize, s->tls_bits)
NUMBER(pipelined, s->pipelined)
NUMBER(recipient_count, (int64_t)s->recipient_count)
NUMBER(size, s->size)
NUMBER(smtputf8, s->utf8)

#define EXACT    FACT_TEXT, MATCH_AS_STRING
#define DOMAIN   FACT_TEXT, MATCH_AS_DOMAIN
#define CLIENT   FACT_TEXT, MATCH_AS_CLIENT
#define OF(type) FACT_##type, MATCH_AS_STRING, NULL

/* May anybody arrange for it? */
#define PROVEN  true, false
#define CLAIMED false, false
#define PAST    false, true

/* clang-format off */
static const struct fact facts[] = {
{ "authenticated", OF(BOOLEAN), authenticated, "The client has logged in.", PROVEN },
{ "ccert_fingerprint", EXACT, ccert_fingerprint, NULL,
  "Fingerprint of the client's certificate.", PROVEN },
{ "ccert_issuer", EXACT, ccert_issuer, NULL,
  "Who has issued it, if it is trusted.", PROVEN },
{ "ccert_subject", EXACT, ccert_subject, NULL,
  "Whose it is, if it is trusted.", PROVEN },
{ "client_address", CLIENT, client_address, NULL,
  "The client's IP address; sets may have networks.", PROVEN },
{ "client_name", DOMAIN, client_name, NULL,
  "Its verified name, or unknown.", PROVEN },
{ "encrypted", OF(BOOLEAN), encrypted, "The session has TLS.", CLAIMED },
{ "encryption_cipher", EXACT, encryption_cipher, NULL, "Its cipher.", CLAIMED },
{ "encryption_keysize", OF(NUMBER), encryption_keysize,
  "The bits of the cipher's key.", CLAIMED },
{ "encryption_protocol", EXACT, encryption_protocol, NULL,
  "Its protocol: TLSv1.3.", CLAIMED },
{ "etrn_domain", DOMAIN, etrn_domain, NULL, "The domain of ETRN.", CLAIMED },
{ "helo_name", DOMAIN, helo_name, NULL, "The name in HELO or EHLO.", CLAIMED },
{ "pipelined", OF(BOOLEAN), pipelined,
  "The client has sent commands before their time.", CLAIMED },
{ "policy_context", EXACT, policy_context, NULL,
  "What the MTA that asks a policy server calls the place.", PROVEN },
{ "protocol_name", EXACT, protocol_name, NULL, "SMTP or ESMTP.", CLAIMED },
{ "recipient", EXACT, recipient, NULL, "The recipient's address.", CLAIMED },
{ "recipient_count", OF(NUMBER), recipient_count,
  "Recipients of the message that were accepted so far.", CLAIMED },
{ "recipient_domain", DOMAIN, recipient_domain, NULL, "The recipient's domain.", CLAIMED },
{ "reputation", OF(NUMBER), past,
  "What has become of mail of the client's network: -100 to 100, 0 if it is not known.", PAST },
{ "reputation_bad", OF(NUMBER), past_bad, "How much of it was bad.", PAST },
{ "reputation_domain", OF(NUMBER), past_domain,
  "The same as reputation, of spf_domain.", PAST },
{ "reputation_domain_bad", OF(NUMBER), past_domain_bad,
  "How much of the mail of spf_domain was bad.", PAST },
{ "reputation_domain_good", OF(NUMBER), past_domain_good,
  "How much of the mail of spf_domain was good.", PAST },
{ "reputation_good", OF(NUMBER), past_good,
  "How much mail of the client's network was good.", PAST },
{ "reverse_client_name", DOMAIN, reverse_client_name, NULL,
  "The client's unverified name, or unknown.", CLAIMED },
{ "sasl_method", EXACT, sasl_method, NULL, "How the client has logged in.", PROVEN },
{ "sasl_sender", EXACT, sasl_sender, NULL, "AUTH= of MAIL.", CLAIMED },
{ "sasl_username", EXACT, sasl_username, NULL, "The login name.", PROVEN },
{ "score", OF(NUMBER), score, "What score has added up.", CLAIMED },
{ "sender", EXACT, sender, NULL, "The sender's address; empty: the null sender.", CLAIMED },
{ "sender_domain", DOMAIN, sender_domain, NULL, "The sender's domain.", CLAIMED },
{ "server_address", CLIENT, server_address, NULL, "The address of ours.", PROVEN },
{ "server_port", EXACT, server_port, NULL, "The port of ours.", PROVEN },
{ "size", OF(NUMBER), size,
  "The size in octets: what MAIL says, or at the end what it is.", CLAIMED },
{ "smtputf8", OF(BOOLEAN), smtputf8, "MAIL says SMTPUTF8.", CLAIMED },
{ "spf_domain", DOMAIN, domain_of_spf, NULL,
  "The domain that has passed check_spf, which must stand before.", PROVEN },
{ "spf_result", EXACT, spf_result, NULL,
  "What check_spf has found, which must stand before: pass, fail, softfail, neutral, none, temperror, permerror.", CLAIMED },
{ "time", OF(TIME), time_of_day, "The time of day, local time: 17:30.", CLAIMED },
{ "weekday", OF(DAY), day_of_week, "The day: mon, tue, wed, thu, fri, sat, sun.", CLAIMED },
{ NULL, OF(TEXT), NULL, NULL, CLAIMED },
};
/* clang-format on */

const struct fact *
fact_all(void)
{
	return facts;
}

const struct fact *
fact_find(const char *name, size_t n)
{
	for (const struct fact *f = facts; f->name != NULL; f++)
		if (strlen(f->name) == n && strncasecmp(f->name, name, n) == 0)
			return f;
	return NULL;
}

/* How much of both begins and ends alike tells slips of the pen well enough
 * among so few. */
static size_t
likeness(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), head = 0, tail = 0;

	while (head < n && head < m && a[head] == b[head])
		head++;
	while (tail < n - head && tail < m - head &&
	    a[n - 1 - tail] == b[m - 1 - tail])
		tail++;
	return 100 * (head + tail) / (n > m ? n : m);
}

const char *
fact_suggest(const char *name)
{
	enum { LIKE = 60 };
	const char *best = NULL;
	size_t most = LIKE;

	if (*name == '\0')
		return NULL;
	for (const struct fact *f = facts; f->name != NULL; f++) {
		size_t like = likeness(name, f->name);

		if (like > most) {
			most = like;
			best = f->name;
		}
	}
	return best;
}

int
fact_day(const char *name, size_t n)
{
	static const char days[] = "sunmontuewedthufrisat";

	for (int i = 0; n == 3 && i < 7; i++)
		if (strncasecmp(days + (ptrdiff_t)3 * i, name, 3) == 0)
			return i;
	return -1;
}

const char *
fact_type_name(enum fact_type type)
{
	static const char *const names[] = {
		[FACT_BOOLEAN] = "true or false",
		[FACT_NUMBER] = "a number",
		[FACT_TEXT] = "a text",
		[FACT_TIME] = "a time",
		[FACT_DAY] = "a day",
	};

	return names[type];
}

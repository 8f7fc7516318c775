/* spf_evaluate.c - see spf_evaluate.h.
 *
 * An evaluation begins anew each time that answers have come: that costs a few
 * microseconds, and nothing has to be kept between them.  Where an answer is
 * missing, the library is told to try again later, which ends the evaluation;
 * whatever comes of that is not looked at. */
#include "checks/spf_evaluate.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <spf2/spf.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "checks/spf_record.h"

enum {
	MOST_TERMS = 10, /* that ask the DNS */
	MOST_VOIDS = 2,  /* questions that nothing is found for */
	MOST_HOSTS = 10, /* of an MX; those of a PTR that count */
	MOST_NAME = 253,
	MOST_LABEL = 63,
	MOST_LOCAL = 128, /* octets of a local part */
	TTL = 300,
};

struct run {
	struct arena *arena;
	const struct spf_query *query;
	const char *sender, *helo; /* tamed */
	struct spf_reply *reply;
	bool v6;
	bool begun;        /* the first record has been asked for */
	const char *wrong; /* the policy is, and why; or NULL */
	unsigned terms, voids;
	/* The hosts of the last MX or PTR, whose addresses are part of that
	 * term; those that have been asked for are NULL. */
	const char *hosts[MOST_HOSTS];
	size_t nhosts;
	bool of_ptr; /* they are of a PTR */
};

static const char *const words[SPF_RESULTS] = {
	[SPF_NONE] = "none",
	[SPF_NEUTRAL] = "neutral",
	[SPF_PASS] = "pass",
	[SPF_FAIL] = "fail",
	[SPF_SOFTFAIL] = "softfail",
	[SPF_TEMPERROR] = "temperror",
	[SPF_PERMERROR] = "permerror",
};

const char *
spf_evaluate_word(enum spf_result result)
{
	return words[result];
}

/* A name that the DNS can have: labels of 1 to 63 octets, 253 in all.  How
 * many labels; 0: it is none. */
static size_t
count_labels(const char *name)
{
	size_t labels = 0;

	if (strlen(name) > MOST_NAME)
		return 0;
	for (;; name++) {
		size_t n = strcspn(name, ".");

		if (n == 0 || n > MOST_LABEL)
			return 0;
		labels++;
		name += n;
		if (*name == '\0')
			return labels;
	}
}

bool
spf_evaluate_domain(const char *name)
{
	size_t n = strlen(name);
	char plain[MOST_NAME + 1];

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n > MOST_NAME || name[0] == '[')
		return false;
	memcpy(plain, name, n);
	plain[n] = '\0';
	return count_labels(plain) > 1;
}

static void
wrong(struct run *run, const char *why)
{
	if (run->wrong == NULL)
		run->wrong = why;
}

static const struct spf_fact *
find_fact(const struct run *run, const char *name, enum dns_type type)
{
	for (size_t i = 0; i < run->query->nfacts; i++) {
		const struct spf_fact *f = &run->query->facts[i];

		if (f->type == type && strcasecmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

static void
want(struct run *run, const char *name, enum dns_type type)
{
	struct spf_reply *reply = run->reply;

	for (size_t i = 0; i < reply->nwants; i++)
		if (reply->wants[i].type == type &&
		    strcasecmp(reply->wants[i].name, name) == 0)
			return;
	if (reply->nwants < SPF_MOST_WANTS)
		reply->wants[reply->nwants++] =
		    (struct spf_want){ arena_strdup(run->arena, name), type };
}

/* What is known of ${name}; NULL: it has to be asked first.  With it the rest
 * of a term's hosts is asked, so that nobody waits for them one by one. */
static const struct spf_fact *
ask(struct run *run, const char *name, enum dns_type type)
{
	static const struct spf_fact none = { .status = DNS_NXDOMAIN };
	const struct spf_fact *fact;

	if (count_labels(name) == 0)
		return &none;
	fact = find_fact(run, name, type);
	if (fact != NULL)
		return fact;
	want(run, name, type);
	for (size_t i = 0; i < run->nhosts; i++)
		if (run->hosts[i] != NULL && count_labels(run->hosts[i]) > 0 &&
		    find_fact(run, run->hosts[i], type) == NULL)
			want(run, run->hosts[i], type);
	return NULL;
}

/* The name as it is asked for: without a last dot, and if it is too long,
 * without labels at its left (RFC 7208, section 7.3). */
static const char *
fit(struct run *run, const char *name)
{
	size_t n = strlen(name);
	char *plain;

	if (n > 0 && name[n - 1] == '.')
		n--;
	plain = arena_strndup(run->arena, name, n);
	while (strlen(plain) > MOST_NAME && strchr(plain, '.') != NULL)
		plain = strchr(plain, '.') + 1;
	return plain;
}

static bool
is_void(const struct spf_fact *fact)
{
	return fact->status == DNS_NXDOMAIN || fact->status == DNS_NODATA;
}

/* One term more that asks the DNS. */
static bool
count_term(struct run *run)
{
	if (++run->terms <= MOST_TERMS)
		return true;
	wrong(run, "more than 10 terms ask the DNS");
	return false;
}

static void
count_void(struct run *run, const struct spf_fact *fact)
{
	if (fact != NULL && is_void(fact) && ++run->voids > MOST_VOIDS)
		wrong(run, "more than 2 questions find nothing");
}

/* Is ${name} a host of the last term?  Each is once. */
static bool
take_host(struct run *run, const char *name)
{
	for (size_t i = 0; i < run->nhosts; i++)
		if (run->hosts[i] != NULL &&
		    strcasecmp(run->hosts[i], name) == 0) {
			run->hosts[i] = NULL;
			return true;
		}
	return false;
}

static const char *
text_of(struct run *run, const struct spf_datum *datum)
{
	return arena_strndup(run->arena, datum->data, datum->len);
}

/* Of a PTR, and of its hosts, what cannot be asked is not there (RFC 7208,
 * section 5.5); it does not count as a question in vain. */
static const struct spf_fact *
forgive(const struct spf_fact *fact)
{
	static const struct spf_fact nothing = { .status = DNS_NODATA };

	return fact != NULL && fact->status == DNS_RETRY ? &nothing : fact;
}

/* The answer to an address question. */
static const struct spf_fact *
ask_address(struct run *run, const char *name, enum dns_type type)
{
	const struct spf_fact *fact;

	if (!take_host(run, name)) {
		run->nhosts = 0;
		run->of_ptr = false;
		if (!count_term(run))
			return NULL;
	}
	fact = ask(run, name, type);
	count_void(run, fact);
	return run->of_ptr ? forgive(fact) : fact;
}

/* The answer to an MX or PTR question, whose hosts belong to it. */
static const struct spf_fact *
ask_hosts(struct run *run, const char *name, enum dns_type type)
{
	const struct spf_fact *fact;

	run->nhosts = 0;
	run->of_ptr = type == DNS_PTR;
	if (!count_term(run))
		return NULL;
	fact = ask(run, name, type);
	count_void(run, fact);
	if (run->of_ptr)
		fact = forgive(fact);
	if (fact == NULL || fact->status != DNS_FOUND)
		return fact;
	if (type == DNS_MX && fact->count > MOST_HOSTS) {
		wrong(run, "a domain has more than 10 mail exchangers");
		return NULL;
	}
	for (size_t i = 0; i < fact->count && i < MOST_HOSTS; i++)
		run->hosts[run->nhosts++] =
		    fit(run, text_of(run, &fact->data[i]));
	return fact;
}

static void
add(SPF_dns_rr_t *rr, const char *data, size_t len)
{
	int i = rr->num_rr;

	must(SPF_dns_rr_buf_realloc(rr, i, len + 1) == SPF_E_SUCCESS);
	memcpy(rr->rr[i], data, len);
	((char *)rr->rr[i])[len] = '\0';
	rr->num_rr = i + 1;
	rr->herrno = NETDB_SUCCESS;
}

/* The one record of a policy, guarded. */
static void
answer_policy(struct run *run, const char *name, const struct spf_fact *fact,
    SPF_dns_rr_t *rr)
{
	const struct spf_record_of of = { name, run->sender, run->helo,
		run->v6 };
	const struct spf_datum *policy = NULL;
	struct buf guarded = { 0 };
	const char *why;

	for (size_t i = 0; i < fact->count; i++) {
		if (!spf_record_is(fact->data[i].data, fact->data[i].len))
			continue;
		if (policy != NULL)
			wrong(run, "a domain has more than one policy");
		policy = &fact->data[i];
	}
	if (policy == NULL)
		return;
	if (!spf_record_guard(policy->data, policy->len, &of, &guarded, &why))
		wrong(run, why);
	if (run->wrong == NULL)
		add(rr, guarded.data, guarded.len);
	else
		add(rr, "v=spf1 ?all", strlen("v=spf1 ?all"));
	buf_free(&guarded);
}

/* Fill in what is found.  NULL: not known; nothing else is to be asked. */
static const struct spf_fact *
fill(struct run *run, const char *name, ns_type type, SPF_dns_rr_t *rr)
{
	const struct spf_fact *fact = NULL;
	size_t size = type == ns_t_aaaa ? 16 : 4;

	switch (type) {
	case ns_t_txt:
		run->nhosts = 0;
		if (!run->begun || count_term(run))
			fact = ask(run, name, DNS_TXT);
		run->begun = true;
		if (fact != NULL)
			answer_policy(run, name, fact, rr);
		return fact;
	case ns_t_mx:
	case ns_t_ptr:
		fact = ask_hosts(run, name, type == ns_t_mx ? DNS_MX : DNS_PTR);
		for (size_t i = 0; i < run->nhosts; i++)
			if (fact != NULL && run->hosts[i][0] != '\0')
				add(rr, run->hosts[i], strlen(run->hosts[i]));
		return fact;
	case ns_t_a:
	case ns_t_aaaa:
		fact =
		    ask_address(run, name, type == ns_t_a ? DNS_A : DNS_AAAA);
		for (size_t i = 0; fact != NULL && i < fact->count; i++)
			if (fact->data[i].len == size)
				add(rr, fact->data[i].data, size);
		return fact;
	default:
		return find_fact(run, "", DNS_A);
	}
}

/* "a" and "mx" with a prefix of length 0: does it have any address?  Answered
 * by one that stands for it. */
static const struct spf_fact *
fill_any(struct run *run, const char *name, bool mx, SPF_dns_rr_t *rr)
{
	static const char found[4] = { 127, 0, 0, 2 };
	enum dns_type type = run->v6 ? DNS_AAAA : DNS_A;
	const struct spf_fact *fact, *host;

	if (!mx) {
		fact = ask_address(run, name, type);
		if (fact != NULL && fact->status == DNS_FOUND)
			add(rr, found, sizeof found);
		return fact;
	}
	fact = ask_hosts(run, name, DNS_MX);
	for (size_t i = 0; fact != NULL && i < run->nhosts; i++) {
		const char *of = run->hosts[i];

		if (of == NULL || of[0] == '\0')
			continue;
		host = ask_address(run, of, type);
		if (host == NULL || host->status == DNS_RETRY)
			return host;
		if (host->status == DNS_FOUND) {
			add(rr, found, sizeof found);
			break;
		}
	}
	return fact;
}

static SPF_dns_rr_t *
look_up(SPF_dns_server_t *server, const char *domain, ns_type type, int cache)
{
	struct run *run = server->hook;
	const char *name = fit(run, domain);
	size_t a = strlen(spf_record_any_address);
	size_t mx = strlen(spf_record_any_exchanger);
	const struct spf_fact *fact;
	SPF_dns_rr_t *rr =
	    SPF_dns_rr_new_init(server, domain, type, TTL, HOST_NOT_FOUND);

	(void)cache;
	if (rr == NULL)
		fatal("out of memory");
	rr->herrno = NO_DATA;
	/* The type of its own that the library asks for has been given up. */
	if (type == ns_t_spf || run->wrong != NULL)
		return rr;
	rr->herrno = TRY_AGAIN;
	if (run->reply->nwants > 0)
		return rr;
	if (strncmp(name, spf_record_any_address, a) == 0)
		fact = fill_any(run, name + a, false, rr);
	else if (strncmp(name, spf_record_any_exchanger, mx) == 0)
		fact = fill_any(run, name + mx, true, rr);
	else
		fact = fill(run, name, type, rr);
	if (rr->num_rr > 0 || (fact == NULL && run->wrong == NULL))
		return rr;
	if (run->wrong != NULL || fact->status == DNS_NODATA ||
	    fact->status == DNS_FOUND)
		rr->herrno = NO_DATA;
	else if (fact->status == DNS_NXDOMAIN)
		rr->herrno = HOST_NOT_FOUND;
	return rr;
}

/* The sender as the library is to see it: a local part of any length, or with
 * octets that no name can have, can match no name. */
static const char *
tame_sender(struct arena *arena, const char *sender)
{
	const char *at = strrchr(sender, '@');
	size_t n = (size_t)(at - sender);
	char *local;

	if (n == 0)
		return arena_printf(arena, "postmaster%s", at);
	local = arena_strndup(arena, sender, n < MOST_LOCAL ? n : MOST_LOCAL);
	for (char *p = local; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			*p = '?';
	return arena_printf(arena, "%s%s", local, at);
}

/* A HELO name that is none is not to be used in names. */
static const char *
tame_helo(const char *helo)
{
	if (strlen(helo) > MOST_NAME)
		return "unknown";
	for (const char *p = helo; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return "unknown";
	return helo[0] != '\0' ? helo : "unknown";
}

static enum spf_result
result_of(const struct run *run, SPF_errcode_t error, SPF_result_t result)
{
	if (run->wrong != NULL)
		return SPF_PERMERROR;
	switch (result) {
	case SPF_RESULT_PASS:
		return SPF_PASS;
	case SPF_RESULT_FAIL:
		return SPF_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return SPF_SOFTFAIL;
	case SPF_RESULT_NEUTRAL:
		return SPF_NEUTRAL;
	case SPF_RESULT_NONE:
		return SPF_NONE;
	case SPF_RESULT_TEMPERROR:
		return SPF_TEMPERROR;
	case SPF_RESULT_PERMERROR:
		return SPF_PERMERROR;
	default:
		/* It gives no result after errors. */
		return error == SPF_E_DNS_ERROR ? SPF_TEMPERROR : SPF_PERMERROR;
	}
}

static void
set_client(SPF_request_t *request, const struct net_addr *client)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (client->family == NET_IPV6) {
		memcpy(&v6, client->octets, sizeof v6);
		(void)SPF_request_set_ipv6(request, v6);
	} else {
		memcpy(&v4, client->octets, sizeof v4);
		(void)SPF_request_set_ipv4(request, v4);
	}
}

static void
run_library(struct run *run)
{
	SPF_dns_server_t layer = {
		.lookup = look_up, .name = "weir", .hook = run
	};
	SPF_server_t *server = SPF_server_new_dns(&layer, 0);
	SPF_request_t *request = NULL;
	SPF_response_t *response = NULL;
	struct spf_reply *reply = run->reply;
	SPF_errcode_t error;

	if (server == NULL || (request = SPF_request_new(server)) == NULL)
		fatal("out of memory");
	(void)SPF_server_set_rec_dom(server, run->query->receiver);
	set_client(request, &run->query->client);
	(void)SPF_request_set_helo_dom(request, run->helo);
	(void)SPF_request_set_env_from(request, run->sender);
	error = SPF_request_query_mailfrom(request, &response);
	reply->result = response == NULL
	    ? SPF_TEMPERROR
	    : result_of(run, error, SPF_response_result(response));
	reply->why = run->wrong;
	if (reply->why == NULL)
		reply->why = reply->result == SPF_TEMPERROR ||
			reply->result == SPF_PERMERROR
		    ? SPF_strerror(error)
		    : "";
	reply->why = arena_strdup(run->arena, reply->why);
	SPF_response_free(response);
	SPF_request_free(request);
	SPF_server_free(server);
}

void
spf_evaluate(
    struct arena *arena, const struct spf_query *query, struct spf_reply *reply)
{
	struct run run = { .arena = arena, .query = query, .reply = reply };
	const char *at = strrchr(query->sender, '@');

	*reply = (struct spf_reply){ .result = SPF_NONE, .why = "" };
	run.v6 = query->client.family == NET_IPV6;
	if (at == NULL || query->client.family == NET_NONE ||
	    query->client.family == NET_UNIX || !spf_evaluate_domain(at + 1))
		return;
	run.sender = tame_sender(arena, query->sender);
	run.helo = tame_helo(query->helo);
	run_library(&run);
}

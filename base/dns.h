/* dns.h - the resolver (libunbound in asynchronous thread mode). */
#ifndef BASE_DNS_H
#define BASE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct net_addr;

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_TLSA = 52,
};

enum dns_status {
	DNS_FOUND,
	DNS_NODATA,   /* the name exists, not with this type */
	DNS_NXDOMAIN, /* the name does not exist */
	DNS_INVALID,  /* the answer is malformed */
	DNS_RETRY,    /* timeout, SERVFAIL, REFUSED ...: could not ask */
};

struct dns_record {
	const char *name;    /* MX, SRV, NS, PTR, CNAME: host, small letters, no
			   * last dot ("" is the root, of an MX or SRV only);
			   * TXT: strings joined, a blank for what cannot be
			   * printed */
	unsigned preference; /* MX; the priority of an SRV */
	unsigned weight, port;    /* SRV */
	unsigned char octets[16]; /* A, AAAA */
	const unsigned char *raw; /* the rdata */
	size_t nraw;
};

struct dns_answer {
	enum dns_status status;
	bool secure;       /* DNSSEC */
	uint32_t ttl;      /* seconds */
	const char *canon; /* the name at the end of a CNAME chain, or that
			    * asked for */
	const struct dns_record *records;
	size_t count;
};

/* A NULL text is an empty one. */
struct dns_settings {
	const char
	    *servers; /* "" : those of ${system}; else "addr[@port] ..." */
	const char *system;  /* "": "/etc/resolv.conf" */
	const char *hosts;   /* file of host names, "/etc/hosts"; "": none */
	const char *anchors; /* file of DNSSEC trust anchors; "": answers are
			      * not validated, and none is secure */
};

/*
 * dns_open(settings, err):
 * Read the files that ${settings} name, in this process, after any fork and
 * before it is jailed.  Return 0, or -1 and the reason.  Threads and caches
 * begin with the first question, and anew when the system's file names other
 * servers: questions that are on their way end with the old ones.  Files that
 * have changed are read again, if the jail lets us, by who asks next, once in a
 * second at most.  dns_close(): when nobody asks any more.
 */
int dns_open(const struct dns_settings *settings, struct err *err);
void dns_close(void);

/*
 * dns_ask(name, type, deadline, arena, answer):
 * Ask and wait until ${deadline} (clock_mono()) at most; what is found goes to
 * ${arena}.  A name that is no valid one does not exist, unasked.  Records
 * that are malformed are left out; DNS_INVALID if no other is there.  At most
 * 1000 records are looked at, 10 of a PTR.  Workers only; the hosts file is not
 * asked.
 */
void dns_ask(const char *name, enum dns_type type, int64_t deadline,
    struct arena *arena, struct dns_answer *answer);

/* One of several questions that are asked at once. */
struct dns_question {
	const char *name;
	enum dns_type type;
	struct dns_answer answer;
};

/* dns_ask_all(questions, n, deadline, arena): ask all in parallel and wait
 * for all of them under one deadline; a late one has DNS_RETRY. */
void dns_ask_all(struct dns_question *questions, size_t n, int64_t deadline,
    struct arena *arena);

/* dns_hosts_name(addr, arena), dns_hosts_knows(addr), dns_hosts_has(name, addr):
 * what the hosts file says; never block for longer than it takes to read that.
 * NULL / false: nothing. */
const char *dns_hosts_name(const struct net_addr *addr, struct arena *arena);
bool dns_hosts_knows(const struct net_addr *addr);
bool dns_hosts_has(const char *name, const struct net_addr *addr);

/* dns_hosts_addrs(name, addrs, most): fill in the addresses of ${name} that the
 * hosts file has; return how many. */
size_t dns_hosts_addrs(const char *name, struct net_addr *addrs, size_t most);

/* dns_reverse(addr, name): "1.2.0.192.in-addr.arpa"; name has room for 80. */
void dns_reverse(const struct net_addr *addr, char name[80]);

/* dns_valid_hostname(name): RFC 1035 with underscores allowed, numeric allowed
 * only if ${numeric}; no last dot. */
bool dns_valid_hostname(const char *name, bool numeric);

#endif
